use std::fmt::Write as _;

/// What changes between two texts of a file, as a unified diff; empty if nothing does.
pub fn unified_diff(file: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let (old, new) = (lines(before), lines(after));
    let steps = steps(&old, &new);
    let mut out = format!("--- a/{file}\n+++ b/{file}\n");
    let mut from = 0;
    while let Some(hunk) = next_hunk(&steps, from) {
        from = hunk.end;
        write_hunk(&mut out, &steps, hunk);
    }
    out
}

/// One line of the diff.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step<'a> {
    Same(&'a str),
    Old(&'a str),
    New(&'a str),
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// The shortest way from the one to the other, but for texts that differ in more lines than are worth comparing: those
/// are replaced as a whole.
fn steps<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Step<'a>> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (old_middle, new_middle) = (
        &old_rest[..old_rest.len() - end],
        &new_rest[..new_rest.len() - end],
    );
    let mut all: Vec<Step<'a>> = old.iter().take(start).map(|line| Step::Same(line)).collect();
    if old_middle.len().saturating_mul(new_middle.len()) > MOST_CELLS {
        all.extend(old_middle.iter().map(|line| Step::Old(line)));
        all.extend(new_middle.iter().map(|line| Step::New(line)));
    } else {
        all.extend(shortest(old_middle, new_middle));
    }
    all.extend(
        old_rest
            .iter()
            .skip(old_middle.len())
            .map(|line| Step::Same(line)),
    );
    all
}

fn shortest<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Step<'a>> {
    let width = new.len() + 1;
    // The longest common part of what is left, for each pair of places.
    let mut common = vec![0_u32; (old.len() + 1) * width];
    let cell = |i: usize, j: usize| i * width + j;
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[cell(i, j)] = if old[i] == new[j] {
                common[cell(i + 1, j + 1)] + 1
            } else {
                common[cell(i + 1, j)].max(common[cell(i, j + 1)])
            };
        }
    }
    let mut steps = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            steps.push(Step::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[cell(i + 1, j)] >= common[cell(i, j + 1)]) {
            steps.push(Step::Old(old[i]));
            i += 1;
        } else {
            steps.push(Step::New(new[j]));
            j += 1;
        }
    }
    steps
}

/// The next changes with the lines around them, from `from` on.
fn next_hunk(steps: &[Step<'_>], from: usize) -> Option<std::ops::Range<usize>> {
    let changed = |step: &Step<'_>| !matches!(step, Step::Same(_));
    let first = from + steps.get(from..)?.iter().position(changed)?;
    let mut last = first;
    for (index, step) in steps.iter().enumerate().skip(first) {
        if changed(step) {
            last = index;
        } else if index - last > 2 * CONTEXT {
            break;
        }
    }
    Some(first.saturating_sub(CONTEXT).max(from)..(last + 1 + CONTEXT).min(steps.len()))
}

fn write_hunk(out: &mut String, steps: &[Step<'_>], hunk: std::ops::Range<usize>) {
    let olds = |steps: &[Step<'_>]| steps.iter().filter(|step| !matches!(step, Step::New(_))).count();
    let news = |steps: &[Step<'_>]| steps.iter().filter(|step| !matches!(step, Step::Old(_))).count();
    let (before, inside) = (&steps[..hunk.start], &steps[hunk]);
    let side = |before: usize, inside: usize| {
        // A side without lines names the line before it.
        let first = if inside == 0 { before } else { before + 1 };
        if inside == 1 {
            first.to_string()
        } else {
            format!("{first},{inside}")
        }
    };
    let _ = writeln!(
        out,
        "@@ -{} +{} @@",
        side(olds(before), olds(inside)),
        side(news(before), news(inside))
    );
    for step in inside {
        let (mark, line) = match step {
            Step::Same(line) => (' ', line),
            Step::Old(line) => ('-', line),
            Step::New(line) => ('+', line),
        };
        out.push(mark);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

const CONTEXT: usize = 3;
const MOST_CELLS: usize = 4_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_changed_line_stands_between_its_neighbours() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = before.replace("5\n", "five\n");
        assert_eq!(
            unified_diff("a.yaml", before, &after),
            "--- a/a.yaml\n+++ b/a.yaml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
        );
        assert_eq!(unified_diff("a.yaml", before, before), "");
    }

    #[test]
    fn a_file_without_a_last_line_break_says_so() {
        let diff = unified_diff("a", "x\ny", "x\nz\n");
        assert_eq!(
            diff,
            "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n+z\n"
        );
    }

    #[test]
    fn distant_changes_are_apart() {
        let before: String = (0..40).map(|n| format!("{n}\n")).collect();
        let after = before.replace("3\n", "x\n").replace("\n30\n", "\n30\nnew\n");
        let diff = unified_diff("a", &before, &after);
        assert!(diff.matches("@@ -").count() >= 2, "{diff}");
    }

    proptest! {
        // The steps lead from the one text to the other.
        #[test]
        fn the_steps_hold_both_texts(old in "[ab\n]{0,30}", new in "[ab\n]{0,30}") {
            let (old_lines, new_lines) = (lines(&old), lines(&new));
            let steps = steps(&old_lines, &new_lines);
            let of = |skip_new: bool| -> String {
                steps.iter().filter_map(|step| match step {
                    Step::Same(line) => Some(*line),
                    Step::Old(line) => skip_new.then_some(*line),
                    Step::New(line) => (!skip_new).then_some(*line),
                }).collect()
            };
            prop_assert_eq!(of(true), old.as_str());
            prop_assert_eq!(of(false), new.as_str());
        }
    }
}
