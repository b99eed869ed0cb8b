//! The unmodified `openstack` and `neutron` commands of several generations against the real server: the published guides
//! command by command, and what else a person types on the way.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

mod client;
mod commands;
mod connect;
mod differences;
mod documents;
mod identity;
mod messages;
mod neutron;
mod own;
mod proxy;
mod sdk;
#[path = "../support/mod.rs"]
mod support;

use client::{Client, Generation};
use support::server::Server;

/// Makes each of the functions a test with each client, on a server of its own.
macro_rules! with_each {
    ($($client:ident = $generation:ident),*: $tests:tt) => {
        $(with_each!(@one $client $generation $tests);)*
    };
    (@one $client:ident $generation:ident { $($subject:ident::$test:ident)* }) => {
        mod $client {
            $(#[test]
            fn $test() {
                crate::run(crate::Generation::$generation, crate::$subject::$test);
            })*
        }
    };
}

with_each! {
    adit = Adit, openstackclient_10 = Ten, openstackclient_7 = Seven, openstackclient_3 = Three: {
        documents::a_vpn_to_a_range_with_host_bits
        documents::a_vpn_with_addresses_of_both_versions
        documents::a_vpn_with_endpoint_groups
        documents::a_vpn_with_the_subnet_of_its_service
        commands::networks_subnets_ports_and_routers
        commands::vpn_resources
        commands::identity
        commands::what_the_network_service_can_do
        commands::mistakes_are_told
        messages::vpn_mistakes_are_told
    }
}

with_each! {
    identity_by_adit = Adit, identity_by_openstackclient_10 = Ten, identity_by_openstackclient_7 = Seven: {
        identity::access_rules
        identity::application_credentials
        identity::domains
        identity::projects_and_users
        identity::roles_and_assignments
        identity::services_endpoints_and_regions
        identity::tokens_and_catalog
    }
}

with_each! {
    neutronclient_9 = Neutron9, neutronclient_6 = Neutron6: {
        neutron::a_vpn_by_the_neutron_command
    }
}

fn run(generation: Generation, test: impl FnOnce(&mut Client)) {
    let Some(program) = generation.program() else {
        eprintln!("SKIPPED: tests with {generation:?}: {} names no Python", generation.variable());
        return;
    };
    let server = Server::start();
    test(&mut Client::start(generation, &program, server.clouds()));
}
