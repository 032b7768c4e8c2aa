use crate::diagnostics::codes;
use crate::diagnostics::meant;
use crate::diagnostics::suggest;
use crate::policy::read::reader::Reader;
use crate::policy::read::reader::words;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Scalar;
use crate::policy::yaml::Value;
use crate::policy::yaml::shown;

/// One row of a table, and what tells it from the others.
pub(super) struct Row<'n> {
    pub(super) name: String,
    /// Whether it is the first, which speaks for all where a mistake is in every row.
    first: bool,
    entries: &'n [Entry],
}

/// Reads the rows of a table. Reports a row that lacks a column of the first one.
pub(super) fn rows<'n>(reader: &mut Reader<'_>, entry: &'n Entry, path: &str) -> Vec<Row<'n>> {
    let example = "- { amount: 10, level: medium }";
    let Some(items) = reader.list(&entry.node, path, example) else {
        return Vec::new();
    };
    let mut columns: Option<Vec<&str>> = None;
    let mut rows = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let path = format!("{path}[{}]", number + 1);
        let Some(entries) = reader.entries(item, &path, item.span) else {
            continue;
        };
        let names: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        match &columns {
            None => columns = Some(names),
            Some(columns) => {
                if !has_columns(reader, columns, entries, item, &path) {
                    continue;
                }
            }
        }
        rows.push(Row {
            name: name_of(number, entries),
            first: rows.is_empty(),
            entries,
        });
    }
    rows
}

/// Whether a row has the columns of the first one; what is wrong is reported.
fn has_columns(
    reader: &mut Reader<'_>,
    columns: &[&str],
    entries: &[Entry],
    item: &Node,
    path: &str,
) -> bool {
    let mut good = true;
    for missing in columns
        .iter()
        .filter(|name| !entries.iter().any(|entry| entry.key == **name))
    {
        good = false;
        reader.error(
            codes::CASE_TABLE,
            format!("`{path}` has no `{missing}`, which the first row has"),
            item.span,
            format!("add `{missing}: …`; every row has the same columns"),
        );
    }
    for entry in entries
        .iter()
        .filter(|entry| !columns.contains(&entry.key.as_str()))
    {
        good = false;
        let help = match suggest(&entry.key, columns.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the columns are {}", words(columns)),
        };
        let fix = reader.spelling(entry.key_span, &entry.key, columns);
        reader.error_fixed(
            codes::CASE_TABLE,
            format!("`{}` is no column of the first row", shown(&entry.key)),
            entry.key_span,
            help,
            fix,
        );
    }
    good
}

/// Fills a template: every value that is `$column` becomes what the row has there.
pub(super) fn fill(reader: &mut Reader<'_>, template: &Node, row: &Row<'_>) -> Node {
    let mut used = Vec::new();
    let filled = fill_node(reader, template, row, &mut used);
    for entry in row
        .entries
        .iter()
        .filter(|entry| row.first && !used.contains(&entry.key))
    {
        reader.error(
            codes::CASE_TABLE,
            format!("the column `{}` is used nowhere in the case", shown(&entry.key)),
            entry.key_span,
            format!(
                "write `${}` where it belongs, or remove the column",
                shown(&entry.key)
            ),
        );
    }
    filled
}

fn fill_node(reader: &mut Reader<'_>, node: &Node, row: &Row<'_>, used: &mut Vec<String>) -> Node {
    match &node.value {
        Value::Scalar(scalar) => match column(scalar) {
            Some(name) => find(reader, node, name, row, used),
            None => node.clone(),
        },
        Value::List(items) => Node {
            span: node.span,
            value: Value::List(
                items
                    .iter()
                    .map(|item| fill_node(reader, item, row, used))
                    .collect(),
            ),
        },
        Value::Map(entries) => {
            let mut filled = Vec::new();
            for entry in entries {
                // The table itself is no part of the template.
                if entry.key == TABLE {
                    continue;
                }
                filled.push(Entry {
                    key: entry.key.clone(),
                    key_span: entry.key_span,
                    node: fill_node(reader, &entry.node, row, used),
                });
            }
            Node {
                span: node.span,
                value: Value::Map(filled),
            }
        }
        Value::Broken => node.clone(),
    }
}

fn find(reader: &mut Reader<'_>, node: &Node, name: &str, row: &Row<'_>, used: &mut Vec<String>) -> Node {
    if let Some(entry) = row.entries.iter().find(|entry| entry.key == name) {
        used.push(name.to_owned());
        return entry.node.clone();
    }
    let columns: Vec<&str> = row.entries.iter().map(|entry| entry.key.as_str()).collect();
    let near = meant(name, columns.iter().copied());
    let help = match near {
        Some(near) => format!("did you mean `${}`?", near.word),
        None => format!("the columns are {}", words(&columns)),
    };
    let fix = near.and_then(|near| {
        let (written, column) = (format!("${name}"), format!("${}", near.word));
        reader.instead(node.span, &written, &column, near.certain)
    });
    let message = format!("the table has no column `{}`", shown(name));
    reader.error_fixed(codes::CASE_TABLE, message, node.span, help, fix);
    Node {
        span: node.span,
        value: Value::Broken,
    }
}

/// The column that a value stands for.
pub(super) fn column(scalar: &Scalar) -> Option<&str> {
    let name = scalar.text.strip_prefix('$')?;
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    plain.then_some(name)
}

fn name_of(number: usize, entries: &[Entry]) -> String {
    let told: Vec<String> = entries
        .iter()
        .filter_map(|entry| match &entry.node.value {
            Value::Scalar(scalar) => Some(format!("{} {}", shown(&entry.key), shown(&scalar.text))),
            _ => None,
        })
        .take(2)
        .collect();
    format!("row {}: {}", number + 1, told.join(", "))
}

/// The key under which the rows of a case stand.
pub(super) const TABLE: &str = "table";
