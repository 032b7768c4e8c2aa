use sqlx::PgConnection;

use super::fault;
use super::pack::Packed;
use super::warnings::Warnings;
use crate::audit::CommitError;
use crate::audit::FlowChange;
use crate::audit::Unit;
use crate::audit::log::Chain;
use crate::store::rounds::rounds;
use crate::words::FlowId;

/// Commits units through the writing connection.
pub(super) struct Committer<'a> {
    pub(super) place: &'a str,
    pub(super) connection: &'a mut PgConnection,
    /// The lease that this process writes under.
    pub(super) lease: i64,
    /// The chain of the connection; nobody else writes into it.
    pub(super) chain: &'a mut Chain,
    pub(super) warnings: &'a Warnings,
    /// Set where nobody knows what the connection is doing: it must not be used again, and its chain ends.
    pub(super) broken: &'a mut bool,
}

/// Answers by the place of the unit in its batch.
type Answers = Vec<(usize, Result<(), CommitError>)>;

/// What became of one transaction. Only [`Attempt::Committed`] leaves a trace.
enum Attempt {
    Committed,
    /// These lost a race for their flow, token or key.
    Lost(Vec<usize>),
    /// One of the units can't be stored as it is.
    AtFault(CommitError),
    /// The server undid it because of somebody else's; it can be tried again.
    Collided(CommitError),
    /// The store failed; in the worst case nobody knows whether the units are durable.
    Failed(CommitError),
}

impl Committer<'_> {
    /// Commits `units`, in one transaction unless several of them change the same thing, and answers for each.
    pub(super) async fn commit(&mut self, units: &[Unit]) -> Vec<Result<(), CommitError>> {
        let mut answers: Vec<_> = units.iter().map(|_| Err(not_tried())).collect();
        for round in rounds(units) {
            for (at, answer) in self.round(units, round).await {
                if let Some(place) = answers.get_mut(at) {
                    *place = answer;
                }
            }
        }
        answers
    }

    /// Tries the members together, and again without those that lost a race.
    async fn round(&mut self, units: &[Unit], mut members: Vec<usize>) -> Answers {
        let mut losers = Vec::new();
        let mut collisions = 0;
        let mut answers = loop {
            if members.is_empty() {
                break Answers::new();
            }
            match self.attempt(units, &members).await {
                Attempt::Committed => break members.iter().map(|at| (*at, Ok(()))).collect(),
                Attempt::Lost(more) => {
                    members.retain(|at| !more.contains(at));
                    losers.extend(more);
                }
                Attempt::Collided(_) if collisions < MOST_COLLISIONS => collisions += 1,
                Attempt::AtFault(_) if members.len() > 1 => break self.one_by_one(units, &members).await,
                Attempt::AtFault(error) | Attempt::Collided(error) | Attempt::Failed(error) => {
                    break members.iter().map(|at| (*at, Err(error.clone()))).collect();
                }
            }
        };
        // Only now is it known who won.
        for at in losers {
            answers.push((at, Err(self.reason(units.get(at)).await)));
        }
        answers
    }

    /// One of the members can't be stored: each gets a transaction of its own, so that the others can.
    async fn one_by_one(&mut self, units: &[Unit], members: &[usize]) -> Answers {
        let mut answers = Answers::new();
        for at in members {
            let answer = match self.attempt(units, &[*at]).await {
                Attempt::Committed => Ok(()),
                Attempt::Lost(_) => Err(self.reason(units.get(*at)).await),
                Attempt::AtFault(error) | Attempt::Collided(error) | Attempt::Failed(error) => Err(error),
            };
            answers.push((*at, answer));
        }
        answers
    }

    async fn attempt(&mut self, units: &[Unit], members: &[usize]) -> Attempt {
        if *self.broken {
            return Attempt::Failed(not_tried());
        }
        let mut chain = self.chain.clone();
        let packed = match Packed::of(members.iter().filter_map(|at| units.get(*at)), &mut chain) {
            Ok(packed) => packed,
            Err(error) => return Attempt::AtFault(CommitError::Store(error.to_string())),
        };
        let statement = packed.statement(self.lease).fetch_one(&mut *self.connection);
        let (result, warned) = self.warnings.listen(statement).await;
        let error = match result {
            Ok(_) if warned => {
                *self.broken = true;
                return Attempt::Failed(CommitError::Store(format!("store {}: {WARNED}", self.place)));
            }
            Ok(_) => {
                *self.chain = chain;
                return Attempt::Committed;
            }
            Err(error) => error,
        };
        if let Some(lost) = fault::losers(&error) {
            let losers: Vec<usize> = members
                .iter()
                .copied()
                .filter(|at| changed_flow(units.get(*at)).is_some_and(|id| lost.contains(&id.as_uuid())))
                .collect();
            if !losers.is_empty() {
                return Attempt::Lost(losers);
            }
        }
        let told = CommitError::Store(fault::of_sqlx(self.place, &error).to_string());
        if fault::is_about_a_notice(&error) {
            Attempt::AtFault(CommitError::Conflict)
        } else if fault::may_be_of_one_unit(&error) {
            Attempt::AtFault(told)
        } else if fault::is_a_collision(&error) {
            Attempt::Collided(told)
        } else {
            // An error of the server has undone the statement; anything else leaves the connection in doubt.
            *self.broken = fault::ends_the_connection(&error);
            Attempt::Failed(told)
        }
    }

    /// Why a unit lost, now that its winner is durable.
    async fn reason(&mut self, unit: Option<&Unit>) -> CommitError {
        let Some(FlowChange::Insert(row)) = unit.and_then(|unit| unit.flow.as_ref()) else {
            return CommitError::Conflict;
        };
        let Some((key, _)) = &row.idempotency else {
            return CommitError::Conflict;
        };
        let owner: Result<Option<uuid::Uuid>, _> =
            sqlx::query_scalar("SELECT id FROM flows WHERE idempotency_key = $1")
                .bind(key)
                .fetch_optional(&mut *self.connection)
                .await;
        match owner {
            Ok(Some(owner)) => CommitError::Duplicate(FlowId::from_uuid(owner)),
            Ok(None) => CommitError::Conflict,
            Err(error) => {
                *self.broken = true;
                CommitError::Store(fault::of_sqlx(self.place, &error).to_string())
            }
        }
    }
}

fn changed_flow(unit: Option<&Unit>) -> Option<FlowId> {
    unit.and_then(|unit| unit.flow.as_ref())
        .map(|change| change.row().id)
}

fn not_tried() -> CommitError {
    CommitError::Store("the unit was not reached".to_owned())
}

const WARNED: &str = "the server warned while it committed, so a synchronous standby may not have what was written; \
    whether it is durable is not known; look at the server's log and at pg_stat_replication";
/// Two replicas that meet again and again are kept apart by the time a commit takes.
const MOST_COLLISIONS: u32 = 5;
