use crate::policy::Limit;
use crate::policy::Then;
use crate::words::Capability;
use crate::words::OutcomeClass;
use crate::words::Timestamp;

use super::ui::Ui;

/// `4:05` for 245 seconds.
pub(super) fn clock(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// The time of day in Kuwait with milliseconds: `09:14:05.117`.
pub(super) fn time_of_day(moment: Timestamp) -> String {
    let local = moment.in_kuwait();
    let millis = moment.as_micros().rem_euclid(60_000_000) / 1_000;
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    format!("{:02}:{:02}:{seconds:02}.{millis:03}", local.hour, local.minute)
}

/// Date and time in Kuwait: `2026-11-22 09:14`.
pub(super) fn date_and_time(moment: Timestamp) -> String {
    let local = moment.in_kuwait();
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}",
        local.year, local.month, local.day, local.hour, local.minute
    )
}

/// The time since the flow began: `+117 ms`, `+4.2 s`, `+2:05`.
pub(super) fn since(start: Timestamp, moment: Timestamp) -> String {
    let millis = moment.since(start).as_millis();
    match millis {
        0..1_000 => format!("+{millis} ms"),
        1_000..60_000 => format!("+{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("+{}:{:02}", millis / 60_000, millis / 1_000 % 60),
    }
}

/// A length of time as policy files write it: `30s`, `5m`, `90d`.
pub(super) fn length(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(365 * 86_400, 'y'), (86_400, 'd'), (3_600, 'h'), (60, 'm')];
    units
        .into_iter()
        .find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit))
        .map_or_else(
            || format!("{seconds}s"),
            |(unit, name)| format!("{}{name}", seconds / unit),
        )
}

/// A limit as policy files write it: `3/10m`.
pub(super) fn limit(limit: Limit) -> String {
    format!("{}/{}", limit.count, length(limit.window))
}

/// What happens next, in words.
pub(super) fn then(ui: &'static Ui, then: Then) -> String {
    match then {
        Then::Continue => ui.then_continue.to_owned(),
        Then::Retry { attempts } => format!("{} ({attempts})", ui.then_retry),
        Then::StepUp { attempts } => format!("{} ({attempts})", ui.then_step_up),
        Then::Stop => ui.then_stop.to_owned(),
    }
}

/// How a flow ended, in words: an approval is called by what it was given to.
pub(super) const fn ending(
    ui: &'static Ui,
    capability: Option<Capability>,
    class: OutcomeClass,
) -> &'static str {
    match (class, capability) {
        (OutcomeClass::Approved, Some(Capability::VerifyQr)) => ui.card_verified,
        (OutcomeClass::Approved, Some(Capability::Sign)) => ui.signed,
        (OutcomeClass::Approved, Some(Capability::Notify)) => ui.notified,
        _ => self::class(ui, class),
    }
}

/// A day and a time in Kuwait, as people say them: `tomorrow` and `07:00`.
pub(super) fn when(ui: &'static Ui, now: Timestamp, moment: Timestamp) -> (String, String) {
    let (today, then) = (now.in_kuwait(), moment.in_kuwait());
    let is_next = |earlier: Timestamp| {
        let next = earlier.plus(A_DAY).in_kuwait();
        (next.year, next.month, next.day) == (then.year, then.month, then.day)
    };
    let day = if (today.year, today.month, today.day) == (then.year, then.month, then.day) {
        ui.today.to_owned()
    } else if is_next(now) {
        ui.tomorrow.to_owned()
    } else {
        format!("{:04}-{:02}-{:02}", then.year, then.month, then.day)
    };
    (day, format!("{:02}:{:02}", then.hour, then.minute))
}

const A_DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

/// An outcome class, in words.
pub(super) const fn class(ui: &'static Ui, class: OutcomeClass) -> &'static str {
    match class {
        OutcomeClass::Approved => ui.class_approved,
        OutcomeClass::Declined => ui.class_declined,
        OutcomeClass::Timeout => ui.class_timeout,
        OutcomeClass::Error => ui.class_error,
        OutcomeClass::Other => ui.class_other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_short_and_exact() {
        let start = Timestamp::parse("2026-11-22T06:14:05.117Z").unwrap();
        let after = |millis| since(start, start.plus(Duration::from_millis(millis)));
        assert_eq!(time_of_day(start), "09:14:05.117");
        assert_eq!(date_and_time(start), "2026-11-22 09:14");
        assert_eq!(
            [after(0), after(117), after(4_250), after(125_000)],
            ["+0 ms", "+117 ms", "+4.2 s", "+2:05"]
        );
        assert_eq!([clock(0), clock(59), clock(245)], ["0:00", "0:59", "4:05"]);
    }

    #[test]
    fn days_are_called_as_people_call_them() {
        let ui = Ui::of(crate::words::Locale::En);
        let at = |text: &str| Timestamp::parse(text).unwrap();
        // 23:30 in Kuwait.
        let now = at("2026-11-22T20:30:00Z");
        let said = |moment| {
            let (day, clock) = when(ui, now, at(moment));
            format!("{day} {clock}")
        };
        assert_eq!(said("2026-11-22T20:45:00Z"), "today 23:45");
        assert_eq!(said("2026-11-23T04:00:00Z"), "tomorrow 07:00");
        assert_eq!(said("2026-11-24T04:00:00Z"), "2026-11-24 07:00");
    }

    #[test]
    fn lengths_are_written_as_in_policy_files() {
        for (seconds, text) in [
            (30, "30s"),
            (300, "5m"),
            (90, "90s"),
            (7_776_000, "90d"),
            (315_360_000, "10y"),
        ] {
            assert_eq!(length(Duration::from_secs(seconds)), text);
        }
    }
}
