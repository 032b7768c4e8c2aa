use std::time::Duration;

use super::Begun;
use super::Browser;
use super::Front;
use super::FrontError;
use crate::words::CivilNo;

/// What an attack came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Attempts {
    /// How often it was tried.
    pub tries: usize,
    /// How often a request reached a phone, or waited for one.
    pub rings: usize,
    /// How often the attacker got what they wanted: in, as the victim, or a look at what is another's.
    pub inside: usize,
    /// The leaf code, or the code of the refusal, that stopped the last one that was stopped.
    pub stopped_by: Option<String>,
}

impl Attempts {
    /// Tries a push, and notes how it ended.
    async fn push(&mut self, front: &dyn Front, service: &str, victim: &CivilNo) -> Result<(), FrontError> {
        let before = front.requests().await?;
        let begun = front.push(service, victim).await?;
        self.note(front, before, &begun).await
    }

    /// Notes how one try ended.
    async fn note(&mut self, front: &dyn Front, before: u64, begun: &Begun) -> Result<(), FrontError> {
        self.tries += 1;
        let (code, inside) = match begun {
            Begun::Refused(code) => (code.clone(), false),
            Begun::Flow { id, .. } => {
                let ended = front.ended(id).await?;
                (ended.code, ended.inside)
            }
        };
        let rang = front.requests().await? > before;
        self.rings += usize::from(rang);
        self.inside += usize::from(inside);
        if !rang {
            self.stopped_by = Some(code);
        }
        Ok(())
    }
}

/// A push to each victim, once.
///
/// # Errors
/// When the node does not answer.
pub async fn pushes_to_each(
    front: &dyn Front,
    service: &str,
    victims: &[CivilNo],
) -> Result<Attempts, FrontError> {
    let mut attempts = Attempts::default();
    for victim in victims {
        attempts.push(front, service, victim).await?;
    }
    Ok(attempts)
}

/// Pushes to one victim, `tries` of them with a pause after each, over the services in turn.
///
/// # Errors
/// When the node does not answer.
pub async fn pushes_again_and_again(
    front: &dyn Front,
    services: &[String],
    victim: &CivilNo,
    (tries, pause): (usize, Duration),
) -> Result<Attempts, FrontError> {
    let mut attempts = Attempts::default();
    for service in services.iter().cycle().take(tries) {
        attempts.push(front, service, victim).await?;
        front.pass(pause).await;
    }
    Ok(attempts)
}

/// A victim reports a request that they did not ask for; then so many pushes to them.
///
/// # Errors
/// When the node does not answer, or refuses the report.
pub async fn after_a_report(
    front: &dyn Front,
    service: &str,
    victim: &CivilNo,
    tries: usize,
) -> Result<Attempts, FrontError> {
    let reported = match front.push(service, victim).await? {
        Begun::Flow { id, .. } => id,
        // There was nothing to report: the phone had not rung.
        Begun::Refused(code) => {
            return Ok(Attempts {
                tries: 1,
                stopped_by: Some(code),
                ..Attempts::default()
            });
        }
    };
    front.report(&reported).await?;
    front.ended(&reported).await?;
    pushes_again_and_again(front, &[service.to_owned()], victim, (tries, Duration::ZERO)).await
}

/// The code of a sign-in that the attacker has begun, shown to each victim, who scans it and approves.
///
/// # Errors
/// When the node does not answer.
pub async fn codes_relayed(
    front: &dyn Front,
    service: &str,
    victims: &[CivilNo],
) -> Result<Attempts, FrontError> {
    let mut attempts = Attempts::default();
    for victim in victims {
        let before = front.requests().await?;
        let begun = front.code(service).await?;
        if let Begun::Flow { code: Some(code), .. } = &begun {
            front.scan(code, victim).await?;
        }
        attempts.note(front, before, &begun).await?;
    }
    Ok(attempts)
}

/// The page of a flow that waits, opened in the browser that began it and then in another one, which was sent its address. The
/// victim must be one who does not answer; the flow is given up afterwards.
///
/// # Errors
/// When the node does not answer.
pub async fn page_elsewhere(
    front: &dyn Front,
    service: &str,
    victim: &CivilNo,
) -> Result<Attempts, FrontError> {
    let before = front.requests().await?;
    let id = match front.push(service, victim).await? {
        Begun::Flow { id, .. } => id,
        Begun::Refused(code) => {
            return Ok(Attempts {
                tries: 1,
                stopped_by: Some(code),
                ..Attempts::default()
            });
        }
    };
    // The request leaves while its page is opened.
    while front.requests().await? == before && front.waits(&id).await? {
        tokio::time::sleep(GLANCE).await;
    }
    front.shows(&id, Browser::Own).await?;
    let seen = front.shows(&id, Browser::Foreign).await?;
    front.cancel(&id).await?;
    let ended = front.ended(&id).await?;
    if front.requests().await? == before {
        // Of a flow that was stopped there is nothing that anybody could look at.
        return Ok(Attempts {
            tries: 1,
            stopped_by: Some(ended.code),
            ..Attempts::default()
        });
    }
    Ok(Attempts {
        tries: 1,
        rings: 1,
        inside: usize::from(seen),
        stopped_by: (!seen).then(|| PAGE_OF_ANOTHER.to_owned()),
    })
}

/// Between two looks at whether a request has left.
const GLANCE: Duration = Duration::from_millis(20);
/// What stops whoever opens the page of another browser.
pub(super) const PAGE_OF_ANOTHER: &str = "page_of_another_browser";
