//! The nearest number that changes an answer.

use super::model::Bound;

/// The bounds of a number, and the numbers that its script writes out.
pub(super) struct Numbers<'a> {
    /// The least that is accepted.
    pub(super) min: i64,
    /// The greatest that is accepted.
    pub(super) max: i64,
    /// What the script writes out, in the same unit: where answers are likely to change.
    pub(super) marks: &'a [i64],
    /// Whether there are numbers between one unit and the next for who reads them: then `more than 500` says more
    /// than `500.001 or more`.
    pub(super) fine: bool,
    /// As people read it.
    pub(super) shown: &'a dyn Fn(i64) -> String,
}

/// The nearest number on each side of `now` that is answered otherwise, the nearer first. `ask` gives an answer, or
/// `None` where the number can't be. Without a number now, `usual` is what is answered, and the least number that is
/// answered otherwise is found.
pub(super) fn nearest<T: PartialEq>(
    numbers: &Numbers<'_>,
    now: Option<i64>,
    usual: &T,
    ask: &dyn Fn(i64) -> Option<T>,
) -> Vec<(Bound, T)> {
    let from = now.unwrap_or(numbers.min.saturating_sub(1));
    let mut found: Vec<(u64, Bound, T)> = [Side::Below, Side::Above]
        .into_iter()
        .filter_map(|side| on(side, numbers, from, usual, ask))
        .collect();
    found.sort_by_key(|(distance, ..)| *distance);
    found
        .into_iter()
        .map(|(_, bound, answer)| (bound, answer))
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    Above,
}

fn on<T: PartialEq>(
    side: Side,
    numbers: &Numbers<'_>,
    from: i64,
    usual: &T,
    ask: &dyn Fn(i64) -> Option<T>,
) -> Option<(u64, Bound, T)> {
    let candidates = candidates(side, numbers, from);
    let mut near = from;
    let mut other = None;
    for candidate in &candidates {
        match ask(*candidate) {
            Some(answer) if answer != *usual => {
                other = Some((*candidate, answer));
                break;
            }
            _ => near = *candidate,
        }
    }
    let (mut far, mut answer) = other?;
    // Between the last number that is answered as usual and the first that is not lies the bound.
    while far.abs_diff(near) > 1 {
        let middle = near.midpoint(far);
        match ask(middle) {
            Some(here) if here != *usual => (far, answer) = (middle, here),
            _ => near = middle,
        }
    }
    let beyond = candidates.iter().filter(|candidate| match side {
        Side::Below => **candidate < far,
        Side::Above => **candidate > far,
    });
    let holds_on = beyond
        .into_iter()
        .all(|candidate| ask(*candidate).is_none_or(|there| there == answer));
    let shown = (numbers.shown)(far);
    let last_usual = (numbers.shown)(near);
    let sharp = numbers.fine && numbers.marks.contains(&near);
    let bound = match (side, holds_on) {
        (_, false) => Bound::Exactly(shown),
        (Side::Below, true) if sharp => Bound::LessThan(last_usual),
        (Side::Above, true) if sharp => Bound::MoreThan(last_usual),
        (Side::Below, true) => Bound::AtMost(shown),
        (Side::Above, true) => Bound::AtLeast(shown),
    };
    Some((from.abs_diff(far), bound, answer))
}

/// Where answers are likely to change, on one side, the nearest first.
fn candidates(side: Side, numbers: &Numbers<'_>, from: i64) -> Vec<i64> {
    let around = numbers
        .marks
        .iter()
        .flat_map(|mark| [mark.saturating_sub(1), *mark, mark.saturating_add(1)]);
    let mut all: Vec<i64> = around
        .chain([numbers.min, numbers.max])
        .filter(|number| (numbers.min..=numbers.max).contains(number))
        .filter(|number| match side {
            Side::Below => *number < from,
            Side::Above => *number > from,
        })
        .collect();
    all.sort_unstable_by_key(|number| number.abs_diff(from));
    all.dedup();
    all
}

/// The numbers that scripts write out, in thousandths.
pub(super) fn written_in<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<i64> {
    let mut found = Vec::new();
    for text in texts {
        let pieces = text.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '.'));
        for piece in pieces.filter(|piece| piece.starts_with(|first: char| first.is_ascii_digit())) {
            let plain = piece.replace('_', "");
            if let Some(number) = plain.parse::<f64>().ok().and_then(thousandths) {
                found.push(number);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to lie far within the whole numbers"
)]
fn thousandths(number: f64) -> Option<i64> {
    let thousandths = (number * 1_000.0).round();
    (thousandths.abs() < 9e15).then_some(thousandths as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(now: Option<i64>, fine: bool, ask: &dyn Fn(i64) -> bool) -> Vec<Bound> {
        let numbers = Numbers {
            min: 0,
            max: 10_000,
            marks: &[500, 700],
            fine,
            shown: &|number| number.to_string(),
        };
        let usual = now.is_some_and(ask);
        nearest(&numbers, now, &usual, &|number| Some(ask(number)))
            .into_iter()
            .map(|(bound, _)| bound)
            .collect()
    }

    #[test]
    fn the_bound_is_found_to_the_unit() {
        let text = |text: &str| text.to_owned();
        assert_eq!(
            found(Some(600), false, &|n| n > 500),
            [Bound::AtMost(text("500"))]
        );
        assert_eq!(
            found(Some(400), false, &|n| n > 500),
            [Bound::AtLeast(text("501"))]
        );
        assert_eq!(
            found(Some(400), true, &|n| n > 500),
            [Bound::MoreThan(text("500"))]
        );
        assert_eq!(
            found(Some(600), true, &|n| n >= 500),
            [Bound::LessThan(text("500"))]
        );
        assert_eq!(found(None, false, &|n| n > 500), [Bound::AtLeast(text("501"))]);
        assert_eq!(found(Some(3), false, &|n| n > 20_000), []);
        assert_eq!(
            found(Some(3), false, &|n| n == 500),
            [Bound::Exactly(text("500"))]
        );
    }

    // What is compared need not be the number itself.
    #[test]
    fn a_bound_that_is_not_written_out_is_found_too() {
        assert_eq!(
            found(Some(600), false, &|n| n * 2 > 500),
            [Bound::AtMost("250".to_owned())]
        );
    }

    #[test]
    fn both_sides_are_told_the_nearer_first() {
        let bounds = found(Some(650), false, &|n| n > 500 && n < 700);
        assert_eq!(
            bounds,
            [Bound::AtLeast("700".to_owned()), Bound::AtMost("500".to_owned())]
        );
    }

    #[test]
    fn numbers_are_read_out_of_scripts() {
        let text = "if a > 500.0 || b >= 3 { tighten(#{ expires_in: \"3m\" }) } // 1_000 lib2";
        assert_eq!(written_in([text].into_iter()), [3_000, 500_000, 1_000_000]);
    }
}
