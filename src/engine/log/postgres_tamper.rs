//! What an administrator of the server can do to a store on PostgreSQL: any bit of any row that the log vouches for, and
//! rows taken out, moved and put in.

use sqlx::ConnectOptions as _;
use sqlx::PgConnection;

use super::tamper::Touched;
use crate::audit::log::LogRow;
use crate::audit::log::Place;
use crate::store::LogStore as _;
use crate::store::Postgres;
use crate::store::PostgresSettings;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// A connection for which no trigger, no reference and no check is in the way.
pub(super) async fn administrator(settings: &PostgresSettings) -> PgConnection {
    let options = sqlx::postgres::PgConnectOptions::new_without_pgpass()
        .socket(&settings.host)
        .port(settings.port)
        .database(&settings.database)
        .username("postgres")
        .options([
            ("search_path", "midflow"),
            ("session_replication_role", "replica"),
        ]);
    options.connect().await.unwrap()
}

pub(super) async fn run(connection: &mut PgConnection, statements: String) -> Result<(), sqlx::Error> {
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statements))
        .execute(connection)
        .await;
    done.map(|_| ())
}

/// Keeps what is in the tables that attacks touch, and takes away the rules that would refuse some of them.
pub(super) async fn prepare(connection: &mut PgConnection) {
    let kept: String = ATTACKED
        .iter()
        .map(|table| format!("CREATE TABLE saved.{table} AS TABLE {table};"))
        .collect();
    let rules = "ALTER TABLE exchanges DROP CONSTRAINT exchanges_direction_check;";
    run(connection, format!("CREATE SCHEMA saved; {kept} {rules}"))
        .await
        .unwrap();
}

/// Puts back what [`prepare`] has kept.
pub(super) async fn mend(connection: &mut PgConnection) {
    let back: String = ATTACKED
        .iter()
        .map(|table| format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM saved.{table};"))
        .collect();
    run(connection, back).await.unwrap();
}

const ATTACKED: [&str; 4] = ["records", "exchanges", "log_hashes", "log_checkpoints"];

/// A column whose every bit the log vouches for.
pub(super) struct Column {
    table: &'static str,
    name: &'static str,
    sort: Sort,
    /// What tells rows apart, as a text.
    key: &'static str,
    place: fn(&str) -> Vec<Place>,
}

#[derive(Clone, Copy)]
enum Sort {
    Number,
    Bytes,
    Uuid,
    Text,
}

/// Every column that the log vouches for.
pub(super) fn columns() -> Vec<Column> {
    use Sort::Bytes;
    use Sort::Number;
    use Sort::Text;
    use Sort::Uuid;
    let mut all = Vec::new();
    let mut add = |table, key, names: &[(&'static str, Sort)], place| {
        all.extend(names.iter().map(|(name, sort)| Column {
            table,
            name,
            sort: *sort,
            key,
            place,
        }));
    };
    let records = [
        ("at", Number),
        ("flow", Uuid),
        ("kind", Text),
        ("event", Text),
        ("commitment", Bytes),
        ("chain", Uuid),
        ("number", Number),
        ("leaf", Bytes),
    ];
    add("records", "seq", &records, |key| {
        vec![Place::Record(key.parse().unwrap())]
    });
    let exchanges = [
        ("flow", Uuid),
        ("direction", Text),
        ("at", Number),
        ("bytes", Bytes),
    ];
    add("exchanges", "id", &exchanges, |key| {
        vec![Place::Exchange(ExchangeId::from_uuid(key.parse().unwrap()))]
    });
    let flows = [
        ("service", Text),
        ("capability", Text),
        ("catalog", Bytes),
        ("token", Bytes),
        ("subject", Text),
        ("created_at", Number),
        ("expires_at", Number),
        ("outcome", Text),
        ("request_id", Bytes),
        ("detail", Bytes),
    ];
    add("flows", "id", &flows, |key| {
        vec![Place::Flow(FlowId::from_uuid(key.parse().unwrap()))]
    });
    let deliveries = [
        ("flow", Uuid),
        ("url", Text),
        ("body", Bytes),
        ("delivered_at", Number),
    ];
    add("deliveries", "webhook_id", &deliveries, |key| {
        vec![Place::Notice(key.to_owned())]
    });
    add("log_hashes", "place", &[("hash", Bytes)], |key| {
        vec![Place::Tile(1, key.parse::<u64>().unwrap() / 256)]
    });
    add("log_checkpoints", "size", &[("note", Text)], |key| {
        vec![Place::Checkpoint(key.parse().unwrap())]
    });
    let activations = [("catalog", Bytes), ("at", Number), ("actor", Text)];
    add("activations", "seq", &activations, |key| {
        vec![Place::Activation(key.parse().unwrap())]
    });
    add("catalogs", "encode(digest, 'hex')", &[("manifest", Text)], |_| {
        Vec::new()
    });
    add("sources", "encode(digest, 'hex')", &[("bytes", Bytes)], |_| {
        Vec::new()
    });
    all
}

impl Column {
    /// The rows that have a value there, and how many bits it has.
    pub(super) async fn bits(&self, connection: &mut PgConnection) -> Vec<(String, i64)> {
        let (name, table, key) = (self.name, self.table, self.key);
        let size = match self.sort {
            Sort::Number => "8".to_owned(),
            Sort::Uuid => "16".to_owned(),
            Sort::Bytes => format!("octet_length({name})"),
            Sort::Text => format!("octet_length(convert_to({name}, 'UTF8'))"),
        };
        let statement = format!(
            "SELECT ({key})::text, ({size} * 8)::bigint FROM {table} WHERE {name} IS NOT NULL AND {size} > 0 ORDER BY 1"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .fetch_all(connection)
            .await
            .unwrap()
    }

    /// Turns one bit over, and back when it is called again; `None` where a rule that even an administrator can't switch
    /// off forbids the value.
    pub(super) async fn flip(&self, connection: &mut PgConnection, key: &str, bit: i64) -> Option<Touched> {
        let turned = |bytes: &str| format!("set_bit({bytes}, {bit}, 1 - get_bit({bytes}, {bit}))");
        let name = self.name;
        let value = match self.sort {
            Sort::Number => format!("{name} # (1::bigint << {bit})"),
            Sort::Bytes => turned(name),
            Sort::Uuid => format!("encode({}, 'hex')::uuid", turned(&format!("uuid_send({name})"))),
            Sort::Text => format!(
                "convert_from({}, 'UTF8')",
                turned(&format!("convert_to({name}, 'UTF8')"))
            ),
        };
        let (table, of) = (self.table, self.key);
        let statement = format!("UPDATE {table} SET {name} = {value} WHERE ({of})::text = '{key}'");
        run(connection, statement).await.ok()?;
        Some(Touched::new(
            format!("{table}.{name} of row {key}, bit {bit}"),
            (self.place)(key),
        ))
    }
}

/// What an administrator might do to the rows as such, and what should be named. `which` chooses, `dice` the rows.
pub(super) async fn attack(
    connection: &mut PgConnection,
    store: &Postgres,
    which: usize,
    mut dice: impl FnMut(usize) -> usize,
) -> Touched {
    let records: Vec<i64> = sqlx::query_scalar("SELECT seq FROM records ORDER BY seq")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let last = *records.last().unwrap();
    let seq = records[dice(records.len() - 2) + 1];
    let other = records[dice(records.len())];
    let place = |seq: i64| Place::Record(seq.unsigned_abs());
    let (statements, touched) = match which % 8 {
        0 => (
            format!("DELETE FROM records WHERE seq = {seq}"),
            Touched::new(format!("record {seq} deleted"), vec![place(seq)]),
        ),
        1 => (
            format!("DELETE FROM records WHERE seq >= {seq}"),
            Touched::new(format!("truncated at {seq}"), vec![place(seq)]),
        ),
        2 => (
            format!(
                "DELETE FROM records WHERE seq = {seq}; UPDATE records SET seq = -seq WHERE seq > {seq};
                    UPDATE records SET seq = -seq - 1 WHERE seq < 0"
            ),
            Touched::new(format!("record {seq} taken out, the others moved up"), vec![place(seq)]),
        ),
        3 if other != seq => (
            format!(
                "UPDATE records SET seq = -1 WHERE seq = {seq}; UPDATE records SET seq = {seq} WHERE seq = {other};
                    UPDATE records SET seq = {other} WHERE seq = -1"
            ),
            Touched::new(format!("records {seq} and {other} exchanged"), vec![place(seq), place(other)]),
        ),
        3 | 4 => (
            format!(
                "INSERT INTO records (seq, at, flow, kind, event, writer, chain, number, leaf, commitment)
                    SELECT {last} + 1, at, flow, kind, event, writer, chain, number + 1, leaf, commitment
                    FROM records WHERE seq = {last}"
            ),
            Touched::new("a record put in", vec![place(last + 1)]),
        ),
        5 => {
            // The row and its leaf, so that they fit each other.
            let leaf = hex::encode(rewritten(store, seq, |row| row.at += 1).await.as_bytes());
            (
                format!("UPDATE records SET at = at + 1, leaf = decode('{leaf}', 'hex') WHERE seq = {seq}"),
                Touched::new(format!("record {seq} and its leaf rewritten"), vec![place(seq)]),
            )
        }
        6 => (
            "DELETE FROM exchanges WHERE id = (SELECT min(id::text)::uuid FROM exchanges)".to_owned(),
            Touched::new("a message deleted", Vec::new()),
        ),
        _ => (
            "INSERT INTO exchanges (id, flow, direction, at, bytes)
                SELECT gen_random_uuid(), flow, direction, at, bytes FROM exchanges LIMIT 1"
                .to_owned(),
            Touched::new("a message put in", Vec::new()),
        ),
    };
    run(connection, statements).await.unwrap();
    touched
}

/// The leaf of a record that was changed, after the leaf that stands before it.
pub(super) async fn rewritten(store: &Postgres, seq: i64, change: impl Fn(&mut LogRow)) -> Digest {
    let mut row = store.log_row(seq.unsigned_abs() - 1).await.unwrap().unwrap();
    let before = store.log_leaf_before(&row).await.unwrap();
    change(&mut row);
    row.entry(&before).unwrap().leaf()
}
