use backflow_engine::permit::Scope;
use backflow_sql::ir::Datum;

fn main() {
    let _ = Scope { tenant: Datum::Int(1) };
}
