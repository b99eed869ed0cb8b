//! Many requests at once, on SQLite, where those who write come one after the other, and on PostgreSQL, where they do not.
//! Opposing requests are let loose on one another, round after round, and what must always hold is looked at after each.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

#[path = "../common/mod.rs"]
mod common;

mod agents;
mod arena;
mod floating_ips;
mod identity;
mod network;
mod quotas;
mod vpn;

/// Makes each of the functions a test on either database.
macro_rules! on_both_databases {
    ($($subject:ident::$test:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                crate::arena::on_sqlite(crate::$subject::$test).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                crate::arena::on_postgres(stringify!($test), crate::$subject::$test).await;
            })*
        }
    };
}

on_both_databases! {
    agents::the_first_one_overlooks_no_router
    agents::routers_have_one_living_agent_and_what_is_said_of_agents_stays
    floating_ips::they_stand_for_what_is_there_and_nobody_waits_in_a_circle
    identity::a_credential_goes_with_a_role_of_its_user
    identity::changes_of_a_user_at_once_are_all_kept
    identity::no_token_outlives_what_it_was_got_by
    identity::no_token_outlives_the_end_of_its_project
    identity::regions_make_no_circle
    network::a_port_has_one_router_and_a_revision_one_successor
    network::ports_become_interfaces_while_their_subnets_go
    network::security_groups_go_while_their_rules_do
    network::addresses_and_networks_that_go_or_change
    quotas::are_never_exceeded
    vpn::connections_have_all_that_they_refer_to
    vpn::services_have_a_gateway_and_their_subnet
}
