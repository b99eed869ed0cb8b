/// The roles that every deployment has.
pub const BUILT_IN_ROLES: [&str; 5] = ["admin", "manager", "member", "reader", "service"];

/// Each of these roles implies those that follow it.
const LADDER: [&str; 4] = ["admin", "manager", "member", "reader"];

/// Which role implies which directly.
pub const IMPLICATIONS: [(&str, &str); 3] =
    [(LADDER[0], LADDER[1]), (LADDER[1], LADDER[2]), (LADDER[2], LADDER[3])];

/// The roles that come with `role`, itself first.
pub fn with_implied_roles(role: &str) -> impl Iterator<Item = &str> {
    let below = LADDER.iter().skip_while(move |step| **step != role).skip(1);
    std::iter::once(role).chain(below.copied())
}

#[cfg(test)]
mod tests {
    use super::with_implied_roles;

    #[test]
    fn a_role_brings_the_ones_below_it() {
        for (role, want) in [
            ("admin", "admin manager member reader"),
            ("manager", "manager member reader"),
            ("member", "member reader"),
            ("reader", "reader"),
            ("service", "service"),
            ("auditor", "auditor"),
        ] {
            assert_eq!(with_implied_roles(role).collect::<Vec<_>>().join(" "), want, "{role}");
        }
    }
}
