//! What values look like in JSON, for the documents that are made from the declarations of resources.

/// The form of a value. It tells less than the check of an attribute does: what has this form may still be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Anything.
    Any,
    /// A text.
    Text,
    /// A text of a form that has a name, as `uuid`, `ipv4`, `date-time`.
    Formatted(&'static str),
    /// One of these texts.
    Word(&'static [&'static str]),
    /// A whole number.
    Number,
    /// One of these numbers.
    Choice(&'static [i64]),
    /// `true` or `false`.
    Flag,
    /// A list.
    List(&'static Shape),
    /// A list of no more than so many.
    AtMost(usize, &'static Shape),
    /// An object with these keys, all of which may be absent.
    Object(&'static [(&'static str, Shape)]),
    /// This, or `null`.
    Nullable(&'static Shape),
}

impl Shape {
    /// An id of a resource of the Networking API.
    pub const UUID: Self = Self::Formatted("uuid");
    /// Such an id or `null`.
    pub const OPTIONAL_UUID: Self = Self::Nullable(&Self::UUID);
    /// A list of texts.
    pub const TEXTS: Self = Self::List(&Self::Text);
    /// A text or `null`.
    pub const OPTIONAL_TEXT: Self = Self::Nullable(&Self::Text);
    /// A whole number or `null`.
    pub const OPTIONAL_NUMBER: Self = Self::Nullable(&Self::Number);
    /// A route of a router or a subnet.
    pub const ROUTES: Self = Self::List(&Self::ROUTE);
    /// One of them.
    pub const ROUTE: Self = Self::Object(&[("destination", Self::Text), ("nexthop", Self::Text)]);
    /// Addresses of a port.
    pub const FIXED_IPS: Self =
        Self::List(&Self::Object(&[("subnet_id", Self::UUID), ("ip_address", Self::Text)]));
}
