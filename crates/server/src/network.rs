//! Networks, subnets, ports and routers.
