use backflow_engine::permit::Permit;

fn main() {
    let _ = Permit::judged();
}
