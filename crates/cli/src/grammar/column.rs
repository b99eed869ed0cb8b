//! What is printed of an object.

use crate::output::cell::View;

/// Something that is printed.
pub(crate) struct Column {
    /// The attribute, as the API calls it.
    pub(crate) attribute: &'static str,
    /// What lists call it; `None` where lists do not have it.
    pub(crate) head: Option<&'static str>,
    /// Whether lists have it with `--long` only.
    pub(crate) is_long: bool,
    /// What `show` calls it; `None` where it does not have it.
    pub(crate) label: Option<&'static str>,
    /// How it is drawn.
    pub(crate) view: View,
    /// Whether it is left out where the server does not send it.
    pub(crate) if_sent: bool,
}

impl Column {
    /// A column of lists and a row of `show`, of one name.
    pub(crate) const fn both(attribute: &'static str, label: &'static str) -> Self {
        Self {
            attribute,
            head: Some(label),
            is_long: false,
            label: Some(label),
            view: View::Plain,
            if_sent: false,
        }
    }

    /// The same, in lists with `--long` only.
    pub(crate) const fn long(attribute: &'static str, label: &'static str) -> Self {
        Self { is_long: true, ..Self::both(attribute, label) }
    }

    /// A row of `show` that is called as its attribute.
    pub(crate) const fn shown(attribute: &'static str) -> Self {
        Self { head: None, ..Self::both(attribute, attribute) }
    }

    /// A column of lists, whose attribute `show` has under its own name.
    pub(crate) const fn list(attribute: &'static str, head: &'static str) -> Self {
        Self { label: Some(attribute), ..Self::both(attribute, head) }
    }

    /// The same, with `--long` only.
    pub(crate) const fn list_long(attribute: &'static str, head: &'static str) -> Self {
        Self { is_long: true, ..Self::list(attribute, head) }
    }

    /// The same, and `show` calls it so.
    pub(crate) const fn labelled(self, label: &'static str) -> Self {
        Self { label: Some(label), ..self }
    }

    /// The same, but not in `show`.
    pub(crate) const fn only_listed(self) -> Self {
        Self { label: None, ..self }
    }

    /// The same, but in `show` only.
    pub(crate) const fn unlisted(self) -> Self {
        Self { head: None, ..self }
    }

    /// The same, drawn so.
    pub(crate) const fn view(self, view: View) -> Self {
        Self { view, ..self }
    }

    /// The same, where the server sends it.
    pub(crate) const fn if_sent(self) -> Self {
        Self { if_sent: true, ..self }
    }
}
