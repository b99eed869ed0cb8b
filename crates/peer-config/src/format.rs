//! A module per kind of device.

pub(crate) mod adit;
pub(crate) mod aws;
pub(crate) mod cisco_ios;
pub(crate) mod fortigate;
pub(crate) mod ipsec_conf;
pub(crate) mod junos;
pub(crate) mod libreswan;
pub(crate) mod mikrotik;
pub(crate) mod opnsense;
pub(crate) mod pfsense;
pub(crate) mod swanctl;
pub(crate) mod vyos;
