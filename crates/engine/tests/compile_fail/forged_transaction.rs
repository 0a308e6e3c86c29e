use backflow_engine::transaction::Transaction;

fn main() {
    let _ = Transaction::single();
    let _: Transaction = Default::default();
}
