use backflow_engine::permit::Permit;

fn main() {
    let _ = Permit(());
    let _ = Permit::judged();
}
