use super::yaml;
use super::yaml::Entry;
use super::yaml::Node;
use super::yaml::Value;

/// Puts a YAML file into the usual form: two spaces a level, lists below their key set in, one space inside braces,
/// at least one after commas, no spaces at line ends, no two empty lines in a row, one line break at the end.
///
/// Order, comments, quotes and line breaks stay as they are. A file that can't be read, and one that would mean
/// something else afterwards, comes back as it was, but for its line ends.
pub fn format_yaml(text: &str) -> String {
    let plain = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
    let once = formatted(&plain).filter(|formatted| means_the_same(&plain, formatted));
    // Where a second look would change it again, the first was no form to settle in.
    let settled = once.filter(|once| formatted(once).as_ref() == Some(once));
    settled.unwrap_or_else(|| text.to_owned())
}

fn formatted(text: &str) -> Option<String> {
    let (root, faults) = yaml::parse(text);
    let root = root.filter(|_| faults.is_empty())?;
    let lines: Vec<&str> = text.lines().collect();
    let mut plan = Plan {
        lines: &lines,
        indent: vec![None; lines.len()],
        owned: vec![None; lines.len()],
        flow: Vec::new(),
    };
    plan.node(&root, 0, true);
    Some(plan.write())
}

/// Where each line goes.
struct Plan<'a> {
    lines: &'a [&'a str],
    /// The new indent of a line that begins with a key or a dash.
    indent: Vec<Option<usize>>,
    /// For a line inside a value of several lines: the line it belongs to.
    owned: Vec<Option<usize>>,
    /// Lists and maps in brackets that stand on one line: line, first and last character.
    flow: Vec<(usize, usize, usize)>,
}

impl Plan<'_> {
    /// Plans a value whose keys or dashes stand at `indent`.
    fn node(&mut self, node: &Node, indent: usize, top: bool) {
        if self.is_flow(node) {
            self.flow(node);
            return;
        }
        match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    self.entry(entry, indent);
                }
            }
            Value::List(items) => {
                let indent = if top { 0 } else { indent };
                for item in items {
                    self.item(item, indent);
                }
            }
            Value::Scalar(_) | Value::Broken => self.several_lines(node),
        }
    }

    fn entry(&mut self, entry: &Entry, indent: usize) {
        let line = index(entry.key_span.start.line);
        if self.begins_line(line, entry.key_span.start.column) {
            self.set(line, indent);
        }
        self.node(&entry.node, indent + 2, false);
        self.own(line, index(entry.node.span.end.line), &entry.node);
    }

    /// An entry of a list: the dash stands at `indent`, the value two further.
    fn item(&mut self, item: &Node, indent: usize) {
        let line = index(item.span.start.line);
        let dash = self.lines.get(line).is_some_and(|text| {
            let text = text.trim_start();
            text.starts_with("- ") && !text.trim_start_matches("- ").trim_start().starts_with("- ")
        });
        if dash {
            self.set(line, indent);
        }
        self.node(item, indent + 2, false);
        self.own(line, index(item.span.end.line), item);
    }

    fn set(&mut self, line: usize, indent: usize) {
        if let Some(slot) = self.indent.get_mut(line) {
            slot.get_or_insert(indent);
        }
    }

    /// Lines inside one value move together with the line it begins on.
    fn own(&mut self, first: usize, last: usize, node: &Node) {
        let whole = matches!(node.value, Value::Scalar(_) | Value::Broken) || self.is_flow(node);
        if !whole {
            return;
        }
        let last = last.max(self.end_of_block(first, node));
        for line in first + 1..=last.min(self.lines.len().saturating_sub(1)) {
            // A block text ends where the next key begins.
            let free = self.indent.get(line).is_some_and(Option::is_none);
            if let Some(slot) = self.owned.get_mut(line)
                && free
            {
                slot.get_or_insert(first);
            }
        }
    }

    /// The last line of a block text that is announced on a line; that line itself where there is none.
    fn end_of_block(&self, first: usize, node: &Node) -> usize {
        let announced = matches!(&node.value, Value::Scalar(scalar) if scalar.quoted)
            && self.lines.get(first).is_some_and(|line| {
                let code = line.split(" #").next().unwrap_or_default().trim_end();
                let header = code.rsplit(' ').next().unwrap_or_default();
                header.starts_with(['|', '>']) && header.len() <= 3
            });
        if !announced {
            return first;
        }
        let outer = self.lines.get(first).map_or(0, |line| indent_of(line));
        let is_inside = |line: &&str| line.trim().is_empty() || indent_of(line) > outer;
        let count = self
            .lines
            .iter()
            .skip(first + 1)
            .take_while(|line| is_inside(line))
            .count();
        first + count
    }

    fn several_lines(&mut self, node: &Node) {
        let first = index(node.span.start.line);
        self.own(first, index(node.span.end.line), node);
    }

    fn is_flow(&self, node: &Node) -> bool {
        matches!(node.value, Value::Map(_) | Value::List(_))
            && self
                .letter(index(node.span.start.line), index(node.span.start.column))
                .is_some_and(|letter| matches!(letter, '{' | '['))
    }

    fn flow(&mut self, node: &Node) {
        let (first, last) = (index(node.span.start.line), index(node.span.end.line));
        if first == last {
            self.flow
                .push((first, index(node.span.start.column), index(node.span.end.column)));
        }
    }

    fn letter(&self, line: usize, column: usize) -> Option<char> {
        self.lines.get(line)?.chars().nth(column)
    }

    /// Whether nothing but spaces, or a dash with spaces, stands before a key.
    fn begins_line(&self, line: usize, column: u32) -> bool {
        self.lines
            .get(line)
            .is_some_and(|text| text.chars().take(index(column)).all(|letter| letter == ' '))
    }

    fn write(&self) -> String {
        let mut out: Vec<String> = Vec::new();
        for (number, line) in self.lines.iter().enumerate() {
            let planned = self.indent.get(number).copied().flatten();
            let inside = self
                .owned
                .get(number)
                .copied()
                .flatten()
                .filter(|_| planned.is_none());
            if line.trim().is_empty() {
                let again = out.last().is_none_or(String::is_empty);
                if inside.is_some() || !again {
                    out.push(String::new());
                }
                continue;
            }
            let shift = self.shift(number);
            let old = indent_of(line);
            let new = old.saturating_add_signed(shift);
            let body = match inside {
                Some(_) => line.trim_start_matches(' ').to_owned(),
                None => self.body(number, line),
            };
            let body = if inside.is_some_and(|owner| self.keeps_spaces(owner)) {
                body
            } else {
                body.trim_end().to_owned()
            };
            out.push(format!("{}{body}", " ".repeat(new)));
        }
        while out.last().is_some_and(String::is_empty) {
            out.pop();
        }
        let mut text = out.join("\n");
        text.push('\n');
        text
    }

    /// Spaces at line ends mean something in block texts.
    fn keeps_spaces(&self, owner: usize) -> bool {
        self.lines
            .get(owner)
            .is_some_and(|line| line.contains(['|', '>']))
    }

    /// How far a line moves: as it is planned, as the value it is part of, or, for a comment, as the next line.
    fn shift(&self, number: usize) -> isize {
        let own = |number: usize| -> Option<isize> {
            let new = self.indent.get(number).copied().flatten()?;
            let old = indent_of(self.lines.get(number)?);
            Some(signed(new) - signed(old))
        };
        if let Some(shift) = own(number) {
            return shift;
        }
        if let Some(owner) = self.owned.get(number).copied().flatten() {
            return own(owner).unwrap_or(0);
        }
        let next = (number + 1..self.lines.len()).find(|next| {
            self.lines.get(*next).is_some_and(|line| {
                let line = line.trim();
                !line.is_empty() && !line.starts_with('#')
            })
        });
        next.and_then(own).unwrap_or(0)
    }

    /// The line without its indent, with one space after a dash and inside brackets.
    fn body(&self, number: usize, line: &str) -> String {
        let old = indent_of(line);
        let mut letters: Vec<char> = line.chars().collect();
        // From right to left, so that places further left stay what they are.
        let mut spans: Vec<_> = self.flow.iter().filter(|(at, ..)| *at == number).collect();
        spans.sort_by_key(|(_, from, _)| std::cmp::Reverse(*from));
        for (_, from, to) in spans {
            if let Some(inside) = letters.get(*from..*to) {
                let tidy = tidy_flow(inside);
                letters.splice(*from..*to, tidy);
            }
        }
        let rest: String = letters.into_iter().skip(old).collect();
        match rest.strip_prefix("- ") {
            Some(after) if self.indent.get(number).is_some_and(Option::is_some) => {
                format!("- {}", after.trim_start_matches(' '))
            }
            _ => rest,
        }
    }
}

/// One space inside braces, none inside brackets, at least one after commas; quoted texts stay.
fn tidy_flow(letters: &[char]) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(letters.len() + 8);
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, letter) in letters.iter().copied().enumerate() {
        if let Some(open) = quote {
            out.push(letter);
            let ends = letter == open && !escaped;
            // Inside single quotes a quote is written twice.
            let doubled = ends && open == '\'' && letters.get(at + 1) == Some(&'\'');
            escaped = doubled || (open == '"' && letter == '\\' && !escaped);
            let ends = ends && !doubled;
            if ends {
                quote = None;
            }
            continue;
        }
        let begins = out.iter().rev().find(|before| **before != ' ');
        let opens = matches!(begins, Some('{' | '[' | ',' | ':'));
        match letter {
            '"' | '\'' if opens => {
                quote = Some(letter);
                out.push(letter);
            }
            // What stands in columns stays there.
            ' ' => {
                let opened = out.last() == Some(&'[') || out.ends_with(&['{', ' ']);
                if !opened {
                    out.push(' ');
                }
            }
            '{' => {
                out.push('{');
                let next = letters
                    .get(at + 1..)
                    .and_then(|rest| rest.iter().find(|next| **next != ' '));
                if next != Some(&'}') {
                    out.push(' ');
                }
            }
            '}' => {
                trim(&mut out);
                if out.last() != Some(&'{') {
                    out.push(' ');
                }
                out.push('}');
            }
            ']' => {
                trim(&mut out);
                out.push(']');
            }
            ',' => {
                trim(&mut out);
                out.push(',');
                if letters.get(at + 1) != Some(&' ') {
                    out.push(' ');
                }
            }
            other => out.push(other),
        }
    }
    out
}

fn trim(out: &mut Vec<char>) {
    while out.last() == Some(&' ') {
        out.pop();
    }
}

/// Whether two files hold the same values in the same order, and the same comments.
fn means_the_same(before: &str, after: &str) -> bool {
    let (Some(one), Some(other)) = (yaml::parse(before).0, yaml::parse(after).0) else {
        return false;
    };
    same(&one, &other) && comments(before) == comments(after)
}

fn same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::Scalar(one), Value::Scalar(other)) => one == other,
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| one.key == other.key && same(&one.node, &other.node))
        }
        _ => false,
    }
}

/// What stands after each `#`, in order: comments, and a little more, which has to stay too.
fn comments(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.split_once('#'))
        .map(|(_, comment)| comment.trim_end())
        .collect()
}

fn indent_of(line: &str) -> usize {
    line.chars().take_while(|letter| *letter == ' ').count()
}

/// Places count from 1.
fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1)
}

fn signed(number: usize) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_takes_the_usual_form() {
        let text = "# head\r\nmidflow:   1\r\nname: {ar: \"a, {b}\" ,en:   b}   \n\n\n\naudience:\n      who:   # whom\n         ar: x\n         # about the English\n         en: |\n             one\n               two\n\n             three\n      size: 5\nchannels: [ web,kiosk ]\nsteps:\n-   ar: x\n    en: y\n- { ar: z, en: 'it''s {so}' }\nempty: {  }\n\n";
        let wanted = "# head\nmidflow:   1\nname: { ar: \"a, {b}\", en:   b }\n\naudience:\n  who:   # whom\n    ar: x\n    # about the English\n    en: |\n        one\n          two\n\n        three\n  size: 5\nchannels: [web, kiosk]\nsteps:\n  - ar: x\n    en: y\n  - { ar: z, en: 'it''s {so}' }\nempty: {}\n";
        assert_eq!(format_yaml(text), wanted);
        assert_eq!(format_yaml(wanted), wanted);
    }

    #[test]
    fn what_can_not_be_read_stays() {
        for text in ["a: [", "a: b: c", "", "a: *b\n"] {
            assert_eq!(format_yaml(text), text);
        }
    }

    #[test]
    fn the_files_of_this_repository_are_in_the_usual_form() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let mut files = vec![root.join("organization.yaml")];
        files.extend(
            std::fs::read_dir(root.join("services"))
                .unwrap()
                .map(|entry| entry.unwrap().path()),
        );
        for path in files {
            let text = std::fs::read_to_string(&path).unwrap();
            let formatted = format_yaml(&text);
            let first = text
                .lines()
                .zip(formatted.lines())
                .find(|(one, other)| one != other);
            assert!(text == formatted, "{}: {first:?}", path.display());
        }
        let shipped = crate::policy::Rulebook::SHIPPED_TEXT;
        assert_eq!(format_yaml(shipped), shipped);
    }

    const SERVICE: &str = include_str!("read/fixtures/everything.yaml");

    /// A good file made untidy in ways that mean the same: other indents, spaces, empty lines, comments.
    fn untidy() -> impl Strategy<Value = String> {
        let lines = SERVICE.lines().count();
        (1_usize..5, prop::collection::vec((0..lines, 0_usize..6), 0..20)).prop_map(|(step, edits)| {
            let mut out: Vec<String> = SERVICE
                .lines()
                .map(|line| {
                    let depth = indent_of(line) / 2;
                    format!("{}{}", " ".repeat(depth * step.max(2)), line.trim_start())
                })
                .collect();
            for (at, what) in edits {
                let line = &mut out[at];
                match what {
                    0 => line.push_str("   "),
                    1 => *line = line.replace("{ ", "{"),
                    2 => *line = line.replace(", ", " ,   "),
                    3 => *line = line.replace("[", "[  "),
                    4 => line.push_str("\n\n"),
                    _ => line.push_str("  # why"),
                }
            }
            out.join("\n")
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        // It settles at once, means the same, and keeps every comment.
        #[test]
        fn formatting_settles_and_keeps_the_meaning(text in untidy()) {
            let once = format_yaml(&text);
            prop_assert_eq!(&format_yaml(&once), &once);
            if yaml::parse(&text).1.is_empty() && yaml::parse(&text).0.is_some() {
                prop_assert!(means_the_same(&text, &once));
            }
        }

        #[test]
        fn any_text_is_survived(text in "([a-z#&*!|>'\",\\[\\]{}:\\- \n]|  |: |- |\n){0,80}") {
            let once = format_yaml(&text);
            prop_assert_eq!(&format_yaml(&once), &once);
        }
    }

    #[test]
    fn indents_of_any_width_come_to_the_same() {
        for step in [2, 3, 4, 8] {
            let wide: Vec<String> = SERVICE
                .lines()
                .map(|line| format!("{}{}", " ".repeat(indent_of(line) / 2 * step), line.trim_start()))
                .collect();
            assert_eq!(format_yaml(&(wide.join("\n") + "\n")), SERVICE, "{step}");
        }
    }
}
