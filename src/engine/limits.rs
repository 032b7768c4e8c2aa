use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use crate::policy::Limit;
use crate::policy::Limits;
use crate::store::FlowStart;
use crate::words::Digest;
use crate::words::ServiceName;
use crate::words::Timestamp;

/// Counts the starts of flows in sliding windows: per service as a whole, per person and service, and per person whatever
/// the service.
///
/// Persons are known by their keyed hash only. After a restart the windows are filled again from the store.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    windows: Mutex<HashMap<Subject, Window>>,
}

/// The starts that still count, oldest first.
#[derive(Debug)]
struct Window {
    length: Duration,
    starts: VecDeque<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Service(ServiceName),
    Person(ServiceName, Digest),
    Phone(Digest),
    Code(Digest),
}

impl Starts {
    /// Counts a start, unless a limit is reached; then says how long to wait. `phone` limits what goes to the person's
    /// phone from all services together; `None` where nothing does.
    pub(crate) fn take(
        &self,
        service: &ServiceName,
        person: Option<Digest>,
        (limits, phone): (&Limits, Option<Limit>),
        now: Timestamp,
    ) -> Result<(), Duration> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = (Subject::Service(service.clone()), limits.per_service);
        let single = person.map(|key| (Subject::Person(service.clone(), key), limits.per_person));
        let everywhere = person.zip(phone).map(|(key, limit)| (Subject::Phone(key), limit));
        let asked: Vec<(Subject, Limit)> = std::iter::once(whole).chain(single).chain(everywhere).collect();
        for (subject, limit) in &asked {
            let window = windows.entry(subject.clone()).or_default();
            window.length = limit.window;
            window.forget(now);
            if let Some(wait) = limit.wait(&window.starts, now) {
                return Err(wait);
            }
        }
        for (subject, _) in asked {
            windows.entry(subject).or_default().starts.push_back(now);
        }
        Ok(())
    }

    /// Whether a scanned code has not been used before, as far back as a code can be fresh; and keeps that it has been now.
    /// After a restart it is known from the starts of the service.
    pub(crate) fn is_first(&self, service: &ServiceName, code: Digest, now: Timestamp) -> bool {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = Subject::Person(service.clone(), code);
        let begun = windows
            .get(&earlier)
            .is_some_and(|window| window.starts.len() > 1);
        let window = windows.entry(Subject::Code(code)).or_default();
        window.length = LONGEST_CODE;
        window.forget(now);
        let used = !window.starts.is_empty();
        window.starts.push_back(now);
        !begun && !used
    }

    /// Counts a start that the store remembers.
    pub(crate) fn remember(&self, start: &FlowStart) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let service = &start.service;
        let single = start.person_key.map(|key| Subject::Person(service.clone(), key));
        let phone = start
            .person_key
            .filter(|_| start.capability.prompts())
            .map(Subject::Phone);
        for subject in std::iter::once(Subject::Service(service.clone()))
            .chain(single)
            .chain(phone)
        {
            windows.entry(subject).or_default().starts.push_back(start.at);
        }
    }

    /// Drops what no window reaches any more, so that memory follows the load.
    pub(crate) fn sweep(&self, now: Timestamp) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.retain(|_, window| {
            window.forget(now);
            !window.starts.is_empty()
        });
    }
}

impl Window {
    fn forget(&mut self, now: Timestamp) {
        let earliest = now.minus(self.length);
        while self.starts.front().is_some_and(|start| *start <= earliest) {
            self.starts.pop_front();
        }
    }
}

/// What the store remembers has an unknown window until it is asked about: the longest there is.
impl Default for Window {
    fn default() -> Self {
        Self {
            length: LONGEST_WINDOW,
            starts: VecDeque::new(),
        }
    }
}

/// Far longer than any code is taken for fresh.
const LONGEST_CODE: Duration = Duration::from_secs(3_600);

/// No limit reaches further back; reading a policy with a longer one fails.
pub(crate) const LONGEST_WINDOW: Duration = Duration::from_secs(31 * 24 * 3_600);

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::words::Capability;

    fn limits(person: u32, service: u32) -> Limits {
        let limit = |count, seconds| Limit {
            count: NonZeroU32::new(count).unwrap(),
            window: Duration::from_secs(seconds),
        };
        Limits {
            per_person: limit(person, 600),
            per_service: limit(service, 1),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    // R000-080, threat B-16: no more pushes to one person than the service allows.
    #[test]
    fn a_person_is_asked_so_often_and_no_more() {
        let starts = Starts::default();
        let (service, person) = (ServiceName::parse("s").unwrap(), Some(Digest::of(b"p")));
        for second in 0..3 {
            assert_eq!(
                starts.take(&service, person, (&limits(3, 100), None), at(second)),
                Ok(())
            );
        }
        assert_eq!(
            starts.take(&service, person, (&limits(3, 100), None), at(10)),
            Err(Duration::from_secs(590))
        );
        assert_eq!(
            starts.take(&service, Some(Digest::of(b"q")), (&limits(3, 100), None), at(10)),
            Ok(())
        );
        assert_eq!(
            starts.take(&service, person, (&limits(3, 100), None), at(601)),
            Ok(())
        );
    }

    #[test]
    fn a_refused_start_does_not_count() {
        let starts = Starts::default();
        let service = ServiceName::parse("s").unwrap();
        assert_eq!(starts.take(&service, None, (&limits(9, 1), None), at(0)), Ok(()));
        for _ in 0..5 {
            assert!(
                starts
                    .take(&service, Some(Digest::of(b"p")), (&limits(1, 1), None), at(0))
                    .is_err()
            );
        }
        assert_eq!(
            starts.take(&service, Some(Digest::of(b"p")), (&limits(1, 1), None), at(2)),
            Ok(())
        );
    }

    #[test]
    fn a_restart_does_not_forget() {
        let starts = Starts::default();
        let (service, person) = (ServiceName::parse("s").unwrap(), Some(Digest::of(b"p")));
        starts.remember(&FlowStart {
            service: service.clone(),
            capability: Capability::AuthQr,
            person_key: person,
            at: at(0),
        });
        assert!(
            starts
                .take(&service, person, (&limits(1, 100), None), at(5))
                .is_err()
        );
        starts.sweep(at(700));
        assert!(starts.windows.lock().unwrap().is_empty());
        assert_eq!(
            starts.take(&service, person, (&limits(1, 100), None), at(700)),
            Ok(())
        );
    }

    // Threat B-16: whoever asks from many services at once is counted once for all of them.
    #[test]
    fn a_phone_is_counted_whatever_the_service() {
        let starts = Starts::default();
        let person = Some(Digest::of(b"p"));
        let phone = Some(limits(3, 1).per_person);
        let take = |service: &str, phone, second| {
            let service = ServiceName::parse(service).unwrap();
            starts.take(&service, person, (&limits(2, 100), phone), at(second))
        };
        for (second, service) in [(0, "a"), (1, "b"), (2, "c")] {
            assert_eq!(take(service, phone, second), Ok(()));
        }
        assert_eq!(take("d", phone, 10), Err(Duration::from_secs(590)));
        // A code makes no phone ring.
        assert_eq!(take("d", None, 10), Ok(()));
        assert_eq!(take("d", phone, 601), Ok(()));
        let risen = Starts::default();
        let (service, earlier) = (ServiceName::parse("a").unwrap(), ServiceName::parse("b").unwrap());
        risen.remember(&FlowStart {
            service: earlier,
            capability: Capability::Sign,
            person_key: person,
            at: at(0),
        });
        let once = Some(limits(1, 1).per_person);
        let wide = limits(9, 100);
        assert!(risen.take(&service, person, (&wide, once), at(1)).is_err());
        assert_eq!(risen.take(&service, person, (&wide, once), at(600)), Ok(()));
    }
}
