//! The unmodified `openstack` command of two generations against the real server: the published guides command by
//! command, and what else a person types on the way.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

mod client;
mod commands;
mod journey;
mod server;

use client::{Client, Generation};
use server::Server;

/// Makes each of the functions a test with either generation of the client, on a server of its own.
macro_rules! with_both_generations {
    ($($subject:ident::$test:ident)*) => {
        mod openstackclient_10 {
            $(#[test]
            fn $test() {
                crate::run(crate::Generation::Ten, crate::$subject::$test);
            })*
        }
        mod openstackclient_7 {
            $(#[test]
            fn $test() {
                crate::run(crate::Generation::Seven, crate::$subject::$test);
            })*
        }
    };
}

with_both_generations! {
    journey::a_vpn_to_a_range_with_host_bits
    journey::a_vpn_with_addresses_of_both_versions
    journey::a_vpn_with_endpoint_groups
    journey::a_vpn_with_the_subnet_of_its_service
    commands::networks_subnets_ports_and_routers
    commands::vpn_resources
    commands::identity
    commands::what_the_network_service_can_do
    commands::mistakes_are_told
}

fn run(generation: Generation, test: impl FnOnce(&mut Client)) {
    let Some(program) = generation.program() else {
        eprintln!("SKIPPED: tests with openstack {generation:?}: {} names none", generation.variable());
        return;
    };
    let server = Server::start();
    test(&mut Client::start(generation, &program, &server.clouds()));
}
