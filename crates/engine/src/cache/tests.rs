use super::versions::Owner;
use super::*;
use crate::cache::versions::Versions;
use backflow_catalog::TableId;
use backflow_plan::model::CacheRead;
use backflow_sql::ir::Datum;

fn read(table: u32, scoped: bool) -> CacheRead {
    CacheRead {
        table: TableId(table),
        name: String::new(),
        scoped,
    }
}

#[test]
fn a_change_moves_what_is_read_from_it_and_nothing_else() {
    let versions = Versions::new(2);
    let own = [read(0, true)];
    let all = [read(0, false)];
    let other = [read(1, true)];
    let state = || {
        (
            versions.of(&own, Some("a")),
            versions.of(&own, Some("b")),
            versions.of(&all, Some("a")),
            versions.of(&other, Some("a")),
        )
    };
    let before = state();
    versions.changed(TableId(0), Owner::Tenant("a"));
    let after = state();
    assert_ne!(before.0, after.0);
    assert_eq!(before.1, after.1, "another tenant's rows");
    assert_ne!(before.2, after.2);
    assert_eq!(before.3, after.3, "another table");

    let before = state();
    versions.changed(TableId(0), Owner::New);
    let after = state();
    assert_eq!((before.0, before.1, before.3), (after.0, after.1, after.3));
    assert_ne!(before.2, after.2);

    let before = state();
    versions.changed(TableId(0), Owner::Anybody);
    let after = state();
    assert!(before.0 != after.0 && before.1 != after.1 && before.2 != after.2 && before.3 == after.3);

    let before = state();
    versions.all_changed();
    let after = state();
    assert!(before.0 != after.0 && before.1 != after.1 && before.2 != after.2 && before.3 != after.3);
}

#[test]
fn parts_of_a_key_cannot_be_moved_into_one_another() {
    let keys: Vec<Key> = [
        vec![Datum::Text("ab".into()), Datum::Text("c".into())],
        vec![Datum::Text("a".into()), Datum::Text("bc".into())],
        vec![Datum::Text("abc".into())],
        vec![Datum::Text("1".into())],
        vec![Datum::Int(1)],
        vec![Datum::Bool(true)],
        vec![Datum::Null],
        vec![],
    ]
    .into_iter()
    .map(|parts| {
        let mut key = KeyWriter::default();
        parts.iter().for_each(|part| key.datum(part));
        key.finish()
    })
    .collect();
    for (at, key) in keys.iter().enumerate() {
        assert!(keys.iter().skip(at + 1).all(|other| other != key), "{key:?}");
    }
}

#[tokio::test]
async fn who_waits_for_a_fill_hears_of_its_end_however_it_ends() {
    let fills = Arc::new(Fills::default());
    let key = KeyWriter::default().finish();
    let Turn::First(filling) = fills.enter(&key).await else {
        panic!("nobody fills");
    };
    let waiting = {
        let (fills, key) = (Arc::clone(&fills), key.clone());
        tokio::spawn(async move { matches!(fills.enter(&key).await, Turn::Waited) })
    };
    tokio::task::yield_now().await;
    drop(filling);
    assert!(waiting.await.expect("a task"));
    assert!(matches!(fills.enter(&key).await, Turn::First(_)));
}
