//! What every store has to do, written against the traits alone.
//!
//! A store joins with a [`Place`] and one line: `conformance!(ThePlace);`.

use std::sync::Arc;

use async_trait::async_trait;

use super::Store;
use crate::audit::CommitError;
use crate::audit::FlowRow;
use crate::audit::Unit;
use crate::words::Purpose;

pub(super) mod batches;
pub(super) mod deliveries;
pub(super) mod evidence;
pub(super) mod flows;
pub(super) mod lasting;
pub(super) mod log;
pub(crate) mod sample;

/// Where a store lives: it can be opened, closed and opened again with the same content.
#[async_trait]
pub(super) trait Place: Send + Sync {
    async fn new() -> Self
    where
        Self: Sized;
    async fn open(&self) -> Arc<dyn Store>;
}

macro_rules! conformance {
    ($place:ty) => {
        $crate::store::conformance::conformance!(
            $place,
            flows {
                a_flow_is_read_back_whole,
                a_flow_without_options_is_read_back,
                a_flow_is_found_by_token_and_key,
                a_new_state_replaces_the_old_one_only_from_one_below,
                a_flow_can_go_on_without_its_detail,
                of_two_changes_from_one_version_one_wins,
                a_taken_key_names_its_flow,
                a_taken_token_or_id_is_a_conflict,
                an_ending_stays,
                open_flows_are_those_with_work_left,
                recent_flows_come_newest_first,
                starts_are_remembered_for_the_limits,
                what_people_refused_is_remembered,
                flows_are_found_by_whatever_is_known_of_them,
            }
            batches {
                a_refused_unit_leaves_no_trace_and_hinders_nobody,
                several_changes_of_one_flow_in_a_batch_keep_their_order,
                an_unfit_unit_does_not_hinder_the_others,
                a_storm_of_cancelled_callers_loses_nothing,
            }
            evidence {
                records_are_numbered_without_gaps_and_in_order,
                every_kind_of_record_is_read_back,
                exact_bytes_survive,
                applications_are_read_out_of_the_log,
                a_document_goes_with_the_last_flow_that_refers_to_it,
            }
            deliveries {
                deliveries_are_due_until_delivered,
                an_unknown_or_repeated_delivery_leaves_no_trace,
            }
            log {
                the_tree_is_over_all_records,
                each_record_follows_from_its_writer,
                what_is_refused_takes_no_place,
                the_log_goes_on_after_reopening,
                checkpoints_stay_and_are_found_by_size,
                an_anchor_is_noted_once,
                a_snapshot_sees_nothing_that_comes_later,
            }
            lasting {
                catalogs_are_kept_and_one_is_active,
                flows_are_read_page_by_page,
                everything_survives_reopening,
                a_closed_store_refuses_clearly,
            }
        );
    };
    ($place:ty, $($group:ident { $($test:ident,)* })*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let place = <$place as $crate::store::conformance::Place>::new().await;
                $crate::store::conformance::$group::$test(&place).await;
            }
        )*)*
    };
}
pub(super) use conformance;

async fn commit(store: &Arc<dyn Store>, units: Vec<Unit>) -> Vec<Result<(), CommitError>> {
    store.commit(units).await
}

async fn commit_one(store: &Arc<dyn Store>, unit: Unit) -> Result<(), CommitError> {
    commit(store, vec![unit]).await.remove(0)
}

fn assert_same(found: &FlowRow, expected: &FlowRow) {
    let subject = |row: &FlowRow| {
        row.subject
            .as_ref()
            .map(|n| n.expose(Purpose::Compare).to_owned())
    };
    assert_eq!(found.id, expected.id);
    assert_eq!(found.version, expected.version);
    assert_eq!(found.service, expected.service);
    assert_eq!(found.capability, expected.capability);
    assert_eq!(found.catalog, expected.catalog);
    assert_eq!(found.token, expected.token);
    assert_eq!(found.person_key, expected.person_key);
    assert_eq!(subject(found), subject(expected));
    assert_eq!(found.state, expected.state);
    assert_eq!(found.request_id, expected.request_id);
    assert_eq!(found.created_at, expected.created_at);
    assert_eq!(found.expires_at, expected.expires_at);
    assert_eq!(found.outcome, expected.outcome);
    assert_eq!(found.idempotency, expected.idempotency);
    assert_eq!(found.detail, expected.detail);
}
