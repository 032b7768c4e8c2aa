use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;

use super::JourneyView;
use super::StartJourney;
use super::view::with_told;
use crate::engine::Engine;
use crate::engine::EngineEvent;
use crate::engine::FlowView;
use crate::engine::Problem;
use crate::engine::ProblemCode;
use crate::engine::Started;
use crate::engine::inner::Inner;
use crate::engine::live::Live;
use crate::engine::live::Stage;
use crate::engine::start::problem;
use crate::engine::start::unavailable;
use crate::words::FlowId;

impl Engine {
    /// Begins a journey: the first of the steps of a service.
    ///
    /// # Errors
    /// Says what is wrong with the request, for whichever step, or that nothing can be recorded; then nothing was sent.
    pub async fn start_journey(&self, ask: StartJourney) -> Result<Started, Problem> {
        let inner = Arc::clone(self.inner());
        self.detached(async move { inner.start_journey(ask).await })
            .await?
    }

    /// A journey as it stands.
    ///
    /// # Errors
    /// [`ProblemCode::UnknownFlow`] also if it belongs to another client.
    pub async fn journey(&self, client: &str, journey: FlowId) -> Result<JourneyView, Problem> {
        let walk = self.inner().walk(client, journey).await?;
        self.inner().journey_in(&walk).await
    }

    /// The journey once it has ended, or as it stands when `longest` has passed.
    ///
    /// # Errors
    /// As [`Engine::journey`].
    pub async fn wait_for_journey(
        &self,
        client: &str,
        journey: FlowId,
        longest: Duration,
    ) -> Result<JourneyView, Problem> {
        let until = tokio::time::Instant::now() + longest;
        let mut events = self.subscribe();
        loop {
            let walk = self.inner().walk(client, journey).await?;
            let view = self.inner().journey_in(&walk).await?;
            let Some(last) = walk.last().filter(|_| !view.ended) else {
                return Ok(view);
            };
            let mut stage = last.stage.subscribe();
            let between_steps = *stage.borrow() == Stage::Ended;
            let about = last_and_next(last).await;
            tokio::select! {
                // Between two steps there is nothing to wait for but the news that the next has begun, which another node
                // may keep to itself.
                () = news_of(&mut events, about), if between_steps => {}
                () = tokio::time::sleep(LOOK_EVERY), if between_steps => {}
                _ = stage.wait_for(|stage| *stage == Stage::Ended), if !between_steps => {}
                () = tokio::time::sleep_until(until) => return Ok(view),
                () = self.inner().stop.cancelled() => return Ok(view),
            }
            if tokio::time::Instant::now() >= until {
                return self.journey(client, journey).await;
            }
        }
    }

    /// Gives a journey up, at whatever step it is.
    ///
    /// # Errors
    /// [`ProblemCode::FlowEnded`] if it has ended already.
    pub async fn cancel_journey(&self, client: &str, journey: FlowId) -> Result<JourneyView, Problem> {
        for _ in 0..MOST_CANCELS {
            let current = self.step_now(client, journey).await?;
            match self.cancel(client, current).await {
                // It ended meanwhile: with it the journey has, or another step begins.
                Err(problem) if problem.code == ProblemCode::FlowEnded => {
                    if self.journey(client, journey).await?.ended {
                        return Err(problem);
                    }
                }
                other => {
                    other?;
                    return self.journey(client, journey).await;
                }
            }
        }
        Err(Problem {
            retry_after: Some(2),
            ..problem(
                ProblemCode::StoreUnavailable,
                "the journey is between two steps and the next can't be written; cancel it again in a moment",
            )
        })
    }

    /// The flow that stands for a page: of a journey, whichever of its steps the page was made for, the step at which it is;
    /// of any other flow itself. Waits a moment for a step that is about to begin.
    ///
    /// # Errors
    /// As [`Engine::view`].
    pub async fn view_on_page(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        let view = self.view(client, flow).await?;
        let Some(step) = &view.step else {
            return Ok(view);
        };
        let now = self.step_now(client, step.journey).await?;
        if now == flow {
            Ok(view)
        } else {
            self.view(client, now).await
        }
    }

    /// The flow at which a journey is: the one that runs, or the one that has ended it. A notification that follows the end is
    /// none of the person's concern.
    async fn step_now(&self, client: &str, journey: FlowId) -> Result<FlowId, Problem> {
        let until = tokio::time::Instant::now() + LONGEST_BETWEEN_STEPS;
        let mut events = self.subscribe();
        loop {
            let walk = self.inner().walk(client, journey).await?;
            let view = self.inner().journey_in(&walk).await?;
            // Between two steps there is nothing to show; the next is there in a moment, unless the store is away.
            if view.ended || !view.flow.ended || tokio::time::Instant::now() >= until {
                return Ok(view.flow.flow);
            }
            let Some(last) = walk.last() else {
                return Ok(view.flow.flow);
            };
            let about = last_and_next(last).await;
            tokio::select! {
                () = news_of(&mut events, about) => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }
}

impl Inner {
    /// The flows of a journey that have begun, in order.
    async fn walk(self: &Arc<Self>, client: &str, journey: FlowId) -> Result<Vec<Arc<Live>>, Problem> {
        let mut walk: Vec<Arc<Live>> = Vec::new();
        let mut at = Some(journey);
        while let Some(id) = at {
            let Some(live) = self.live_by_id(id).await.map_err(unavailable)? else {
                break;
            };
            self.freshen(&live).await;
            let next = {
                let cell = live.cell.lock().await;
                // A step that is about to begin is in memory before it is on record, and may be gone again without it.
                if cell.row.version == 0 {
                    if walk.is_empty() {
                        return Err(unavailable("the journey is about to begin"));
                    }
                    break;
                }
                let part = cell.detail.journey.as_ref();
                match part.filter(|part| part.journey == journey && cell.detail.client == client) {
                    Some(part) => part.next.filter(|_| cell.row.state.has_ended()),
                    None => break,
                }
            };
            walk.push(live);
            at = next;
        }
        if walk.is_empty() {
            return Err(problem(
                ProblemCode::UnknownFlow,
                "there is no such journey, or it belongs to another client",
            ));
        }
        Ok(walk)
    }

    /// The journey as the last of its flows knows it. A flow that only tells of an end does not stand for it.
    async fn journey_in(&self, walk: &[Arc<Live>]) -> Result<JourneyView, Problem> {
        let mut view: Option<JourneyView> = None;
        for live in walk {
            let cell = live.cell.lock().await;
            let catalog = live.catalog.as_deref();
            if let Some(seen) = self.journey_of(&cell.row, &cell.detail, catalog) {
                view = Some(match view {
                    Some(ended) if ended.ended => with_told(ended, &seen),
                    _ => seen,
                });
            }
        }
        view.ok_or_else(|| unavailable("a journey without flows"))
    }
}

/// The flow at which a journey is, and the one that it owes.
async fn last_and_next(last: &Live) -> (FlowId, Option<FlowId>) {
    let cell = last.cell.lock().await;
    let part = cell.detail.journey.as_ref();
    (last.id, part.and_then(|part| part.next))
}

/// Waits for news of one of these flows, or for word that some may have been missed. A node has many others.
async fn news_of(events: &mut Receiver<EngineEvent>, (last, next): (FlowId, Option<FlowId>)) {
    loop {
        match events.recv().await {
            Ok(EngineEvent::Flow { flow, .. }) if flow == last || Some(flow) == next => return,
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

/// Each may meet another ending, and a journey has few steps.
const MOST_CANCELS: usize = 3;
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LONGEST_BETWEEN_STEPS: Duration = Duration::from_secs(2);
