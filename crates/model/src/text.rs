//! What people may write where it is shown again.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Whether a character has a form of its own on paper: no control or format character, no surrogate or private one, none
/// that Unicode has not assigned, and of all that only separates, the space alone. It is what the reference means by
/// printable.
///
/// A text of others looks like another text, or like none.
pub fn is_printable(c: char) -> bool {
    match c.general_category_group() {
        GeneralCategoryGroup::Letter
        | GeneralCategoryGroup::Mark
        | GeneralCategoryGroup::Number
        | GeneralCategoryGroup::Punctuation
        | GeneralCategoryGroup::Symbol => true,
        GeneralCategoryGroup::Separator => c == ' ',
        GeneralCategoryGroup::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_printable;

    #[test]
    fn what_nobody_sees_is_not_printable() {
        for (c, want) in [
            ('a', true),
            ('\u{e9}', true),
            ('\u{301}', true),
            ('\u{5927}', true),
            ('7', true),
            (' ', true),
            ('-', true),
            ('\u{2194}', true),
            ('\u{1f512}', true),
            ('\u{fffd}', true),
            // Controls.
            ('\0', false),
            ('\n', false),
            ('\t', false),
            ('\u{7f}', false),
            ('\u{85}', false),
            // Formats: soft hyphen, spaces of no width, directions, byte order mark, tags.
            ('\u{ad}', false),
            ('\u{200b}', false),
            ('\u{200d}', false),
            ('\u{202e}', false),
            ('\u{2066}', false),
            ('\u{feff}', false),
            ('\u{e0041}', false),
            // Separators.
            ('\u{a0}', false),
            ('\u{2003}', false),
            ('\u{2028}', false),
            ('\u{2029}', false),
            ('\u{3000}', false),
            // Private, and assigned to nothing.
            ('\u{e000}', false),
            ('\u{378}', false),
            ('\u{10ffff}', false),
        ] {
            assert_eq!(is_printable(c), want, "{c:?}");
        }
    }
}
