//! Nobody but the check of a signature says that a delivery is verified.

fn main() {
    let _ = backflow_engine::permit::Verified::checked(bytes::Bytes::new());
}
