//! What of a router is known to be in force, so that the same is not put into force again, nor looked for in vain.

use std::fs;
use std::path::{Path, PathBuf};

use adit_linux::Namespace;
use adit_linux::nft::{Rules, Table};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::firewall::Translations;
use super::write_json;

/// Beside the router's other files.
const TRANSLATIONS: &str = "translations.json";
const TABLE: &str = "firewall.json";

/// Nothing of it is needed for the router to be right: what is not known is done once more. It is written down for the
/// next agent, since to do it all once more takes long on a node with many routers, or with many connections.
pub(super) struct InForce {
    files: Files,
    table: Option<KnownTable>,
    /// How all of the router's connections are translated.
    translations: Option<Translations>,
}

struct Files {
    table: PathBuf,
    translations: PathBuf,
}

/// The table that was put into force.
#[derive(Serialize, Deserialize)]
struct KnownTable {
    /// As nft read it.
    text: String,
    /// The number that the rules had then.
    generation: u32,
    /// The mark that the kernel keeps of this time and no other.
    mark: Option<String>,
    /// Where, as long as this agent runs; after that the mark tells.
    #[serde(skip)]
    namespace: Option<Namespace>,
}

impl InForce {
    /// What was written down beside the router.
    pub(super) fn recall(router_dir: &Path) -> Self {
        let files = Files { table: router_dir.join(TABLE), translations: router_dir.join(TRANSLATIONS) };
        let (table, translations) = (read(&files.table), read(&files.translations));
        Self { files, table, translations }
    }

    /// Whether this table is in force there, where the rules are these. That an earlier agent did it counts only if it has
    /// seen to the connections as well.
    pub(super) fn has_table(
        &self,
        table: &Table,
        translations: &Translations,
        namespace: &Namespace,
        rules: &Rules,
    ) -> bool {
        self.table.as_ref().is_some_and(|known| {
            let is_there = match &known.namespace {
                Some(known) => known.is(namespace),
                None => known.mark.is_some() && self.has_translations(translations),
            };
            is_there
                && (known.generation, &known.mark) == (rules.generation, &rules.mark)
                && known.text == table.to_string()
        })
    }

    /// The table has been put into force. The numbers that the rules had before and after tell whether anybody else has
    /// changed anything meanwhile; then it is not known.
    pub(super) fn put_table(&mut self, table: &Table, namespace: &Namespace, before: &Rules, after: Rules) {
        self.table = (after.generation == before.generation.wrapping_add(1)).then(|| KnownTable {
            text: table.to_string(),
            generation: after.generation,
            mark: after.mark,
            namespace: Some(namespace.clone()),
        });
        // Whatever is written there stands for another mark than the one in force.
        if let Some(known) = &self.table
            && let Err(error) = write_json(&self.files.table, known)
        {
            tracing::warn!(%error, file = %self.files.table.display(), "cannot write down what is in force");
        }
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
        match write_json(&self.files.translations, &translations) {
            Ok(()) => self.translations = Some(translations),
            Err(error) => {
                let file = self.files.translations.display();
                tracing::warn!(%error, %file, "cannot write down what is translated");
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

/// What cannot be read is not known.
fn read<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}
