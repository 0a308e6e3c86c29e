//! A verified delivery is not made by hand.

fn main() {
    let _ = backflow_engine::permit::Verified {
        body: bytes::Bytes::new(),
    };
}
