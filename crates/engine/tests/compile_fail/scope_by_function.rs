use backflow_engine::permit::Scope;
use backflow_sql::ir::Datum;

fn main() {
    let _ = Scope::verified(Datum::Int(1));
}
