//! What of a router is known to be in force, so that the same is not put into force again, nor looked for in vain.

use std::fs;
use std::path::{Path, PathBuf};

use adit_linux::Namespace;
use adit_linux::nft::Table;

use super::firewall::Translations;
use super::write_json;

/// Beside the router's other files.
const FILE: &str = "translations.json";

/// Nothing of it is needed for the router to be right: what is not known is done once more.
pub(super) struct InForce {
    file: PathBuf,
    table: Option<KnownTable>,
    /// How all of the router's connections are translated. To find others takes long on a node with many connections,
    /// so it is written down for the next agent.
    translations: Option<Translations>,
}

/// The table that we put into force: where, and the number that the rules had then.
struct KnownTable {
    table: Table,
    namespace: Namespace,
    rules: u32,
}

impl InForce {
    /// What was written down beside the router.
    pub(super) fn recall(router_dir: &Path) -> Self {
        let file = router_dir.join(FILE);
        let translations = fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Self { file, table: None, translations }
    }

    /// Whether this table is in force there, now that the rules have this number.
    pub(super) fn has_table(&self, table: &Table, namespace: &Namespace, rules: u32) -> bool {
        self.table.as_ref().is_some_and(|known| {
            known.rules == rules && known.table == *table && known.namespace.is(namespace)
        })
    }

    /// The table has been put into force. The numbers that the rules had before and after tell whether anybody else has
    /// changed anything meanwhile; then it is not known.
    pub(super) fn put_table(&mut self, table: &Table, namespace: &Namespace, before: u32, after: u32) {
        let is_ours = after == before.wrapping_add(1);
        let known = || KnownTable { table: table.clone(), namespace: namespace.clone(), rules: after };
        self.table = is_ours.then(known);
    }

    /// Whether there is no connection that is translated in another way.
    pub(super) fn has_translations(&self, translations: &Translations) -> bool {
        self.translations.as_ref() == Some(translations)
    }

    /// There is none any more.
    pub(super) fn put_translations(&mut self, translations: Translations) {
        if self.has_translations(&translations) {
            return;
        }
        match write_json(&self.file, &translations) {
            Ok(()) => self.translations = Some(translations),
            Err(error) => {
                tracing::warn!(%error, file = %self.file.display(), "cannot write down what is translated");
                self.translations = None;
            }
        }
    }

    /// The namespace is gone.
    pub(super) fn forget(&mut self) {
        self.table = None;
        self.translations = None;
    }
}
