//! Static routes, of subnets for their hosts and of routers.

use std::collections::HashSet;

use adit_model::router::Route;
use serde_json::{Value, json};

use super::value::{items, pair, parse_address, parse_network};
use crate::attribute::ValueError;
use crate::python;

/// Checks a list of routes.
pub(super) fn check(value: &Value) -> Result<Value, ValueError> {
    let mut checked = Vec::new();
    let mut seen = HashSet::new();
    for item in items(value, "hostroute")? {
        let [nexthop, destination] = pair(item, ["nexthop", "destination"], "hostroute")?;
        let nexthop = parse_address(nexthop)?;
        let destination = parse_network(destination)?;
        let route = json!({"destination": destination, "nexthop": nexthop});
        if !seen.insert(route.clone()) {
            return Err(ValueError::Invalid(format!("Duplicate hostroute '{}'", python::repr(&route))));
        }
        checked.push(route);
    }
    Ok(Value::Array(checked))
}

/// Routes as messages show them.
pub fn shown(routes: &[Route]) -> String {
    let routes = routes
        .iter()
        .map(|Route { destination, nexthop }| json!({"destination": destination, "nexthop": nexthop}));
    python::repr(&Value::Array(routes.collect()))
}
