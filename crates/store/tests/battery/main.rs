//! One battery of tests, run on SQLite and on PostgreSQL: a query that works on one of them only is a bug.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

mod changes;
mod checks;
mod constraints;
mod database;
mod history;
mod listing;
mod locks;
mod records;
mod sample;
mod schema;
mod secrets;
mod writers;

/// Makes each of the functions a test on either database.
macro_rules! on_both_databases {
    ($($subject:ident::$test:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                crate::database::Database::sqlite().run(crate::$subject::$test).await;
            })*
        }
        on_postgres! { postgres $($subject::$test)* }
    };
}

/// The same, on PostgreSQL alone.
macro_rules! on_postgres {
    ($module:ident $($subject:ident::$test:ident)*) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let name = concat!(stringify!($subject), "_", stringify!($test));
                if let Some(database) = crate::database::Database::postgres(name).await {
                    database.run(crate::$subject::$test).await;
                }
            })*
        }
    };
}

on_both_databases! {
    changes::a_change_without_a_commit_is_no_news
    changes::each_agent_hears_of_its_own_routers_in_order
    changes::revisions_are_never_seen_out_of_order
    changes::what_the_log_cannot_know_is_unknown
    checks::a_check_goes_on_until_it_has_ended_or_its_time_is_over
    checks::the_last_ones_are_kept
    constraints::a_failed_session_leaves_nothing_behind
    constraints::addresses_and_names_are_unique
    constraints::rows_that_others_refer_to_stay
    history::changes_are_kept_newest_first_as_many_as_is_useful
    history::reports_are_taken_in_their_order
    history::what_was_applied_is_known_until_the_agent_starts_anew
    history::what_was_observed_last_is_kept
    listing::a_marker_must_be_in_the_list
    listing::filters_are_evaluated_by_the_database
    listing::nothing_is_lost_between_pages_sorted_by_what_may_be_absent
    listing::order_is_as_asked_then_by_age
    listing::pages_go_both_ways
    listing::projects_see_what_is_theirs
    records::a_reader_sees_one_moment
    records::every_record_is_read_as_it_was_written
    records::roles_have_statements_of_their_own
    records::status_and_wiring_make_no_revision
    records::tokens_live_as_long_as_what_they_stand_for
    records::updates_make_revisions_and_deletions_are_noticed
    schema::a_newer_database_is_refused
    schema::each_table_has_what_its_record_reads
    schema::migrations_can_be_repeated
    schema::reasons_of_before_have_the_words_of_now
    secrets::the_database_never_holds_a_pre_shared_key
    writers::a_commit_that_nobody_waits_for_is_brought_to_its_end
    writers::what_fails_takes_nothing_of_others_along
}

on_postgres! {
    postgres_alone
    locks::a_commit_on_a_lost_connection_may_have_been_done
    locks::nobody_waits_forever
    locks::one_of_two_who_wait_for_each_other_gives_up
    locks::what_is_locked_waits_and_what_is_shared_does_not
}
