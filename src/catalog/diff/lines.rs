/// Which lines of `after` are not those of `before`, in words; `None` if the texts are equal.
///
/// One range from the first to the last line that differs: enough to know where to look.
pub(super) fn changed_lines(before: &str, after: &str) -> Option<String> {
    if before == after {
        return None;
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(rest)
        .take_while(|(old, new)| old == new)
        .count();
    let (first, last) = (head + 1, new.len() - tail);
    let gone = old.len() - head - tail;
    Some(match (last + 1).saturating_sub(first) {
        0 if gone == 0 => "the end of a line".to_owned(),
        0 if gone == 1 => format!("one line removed before line {first}"),
        0 => format!("{gone} lines removed before line {first}"),
        1 => format!("line {first}"),
        _ => format!("lines {first} to {last}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_differ_are_named() {
        for (before, after, expected) in [
            ("a\nb\nc", "a\nb\nc", None),
            ("a\nb\nc", "a\nx\nc", Some("line 2")),
            ("a\nb\nc", "x\nb\ny", Some("lines 1 to 3")),
            ("a\nc", "a\nb\nc", Some("line 2")),
            ("a\na", "a\na\na", Some("line 3")),
            ("a\nb\nc", "a\nc", Some("one line removed before line 2")),
            ("a\nb\nc", "", Some("3 lines removed before line 1")),
            ("a\nb", "a\nb\n", Some("the end of a line")),
        ] {
            assert_eq!(changed_lines(before, after).as_deref(), expected, "{after:?}");
        }
    }
}
