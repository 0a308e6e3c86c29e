use backflow_engine::store::Call;
use backflow_engine::transaction::Transaction;

fn forged(call: Call) -> Transaction {
    Transaction::single(call)
}

fn main() {
    let _ = forged;
}
