//! A compiled webhook.
//!
//! Role: how its events are verified and told apart, how an event finds its tenant, and what it does.
//! Invariant: an action that touches rows of tenants has a place, and its statements are pinned to the tenant that
//! was found for the event; an event never names one by itself.
//! Not here: secrets and signatures themselves, when an action runs (the engine).

use super::{Answer, PathPattern, Place, Source, TenantRow, Work};
use crate::manifest::Signature;
use backflow_catalog::ColumnType;
use backflow_expr::{Key, Program, Slot};
use backflow_sql::ir::Statement;
use std::sync::Arc;

/// A path that receives webhooks.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// Who sends.
    pub provider: String,
    /// Its path.
    pub path: PathPattern,
    /// How its events are signed.
    pub signature: Signature,
    /// Its secrets, any of which may have signed.
    pub secrets: Secrets,
    /// Where the values of `reads`, conditions and `finder` come from: the event alone, environment, constants.
    pub frame: Vec<Source>,
    /// What an event says of itself.
    pub reads: Reads,
    /// How an event finds its tenant. `None`: no action needs one.
    pub finder: Option<Finder>,
    /// What is done, each on its own.
    pub actions: Vec<HookAction>,
    /// How many days an event is kept after its end.
    pub keep_days: u32,
}

/// The secrets of a webhook.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Where their values come from: environment and constants.
    pub frame: Vec<Source>,
    /// One of them each.
    pub values: Vec<Program>,
}

/// What an event says of itself, in the hook's frame.
#[derive(Debug, Clone, Default)]
pub struct Reads {
    /// What tells it from others; `None`: its bytes do.
    pub id: Option<Program>,
    /// What it is.
    pub kind: Option<Program>,
    /// What it is about; `None`, or nothing: itself alone.
    pub object: Option<Program>,
    /// When it was made: seconds since 1970 or a timestamp; `None`, or nothing: when it arrived.
    pub created: Option<Program>,
    /// Deliveries that are no events: their provider asks whether somebody is here.
    pub challenge: Option<Challenge>,
}

/// A delivery that is answered with a part of itself.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// What tells such deliveries.
    pub of: Program,
    /// What that says then.
    pub kind: String,
    /// What is sent back.
    pub value: Program,
}

/// How an event finds its tenant. All of it is asked; what disagrees is no tenant.
#[derive(Debug, Clone)]
pub struct Finder {
    /// What the author says.
    pub declared: Option<Declared>,
    /// Metadata that actions compare with a tenant's column.
    pub metadata: Vec<MetadataKey>,
    /// Ids of objects on which this project's own calls may have put metadata.
    pub carriers: Vec<Told>,
    /// Rows that hold the event's ids.
    pub rows: Vec<RowFinder>,
    /// The look-up of the tenant itself: what names no tenant finds none.
    pub tenant: TenantRow,
}

/// What `tenant` of a webhook says.
#[derive(Debug, Clone)]
pub enum Declared {
    /// The tenant's key.
    Key(Program),
    /// Rows that belong to it.
    Rows(RowFinder),
}

/// A key of metadata with the tenant's key in it.
#[derive(Debug, Clone)]
pub struct MetadataKey {
    /// Its path below `metadata`.
    pub keys: Vec<Key>,
    /// Where it stands in an event: the first that is there counts.
    pub places: Vec<Slot>,
}

/// The id of an object in an event.
#[derive(Debug, Clone)]
pub struct Told {
    /// Where it stands: a text, a number, or an object with an `id`.
    pub at: Slot,
    /// It counts only where this slot holds this text.
    pub only_if: Option<(Slot, String)>,
}

/// Rows of a scoped table that tell a tenant.
#[derive(Debug, Clone)]
pub struct RowFinder {
    /// What is compared, for messages: `subscriptions.stripe_customer_id`.
    pub label: String,
    /// The values that columns must equal, in the order of the parameters.
    pub values: Vec<RowValue>,
    /// The smallest keys of tenants among the rows, [`FEW_ROWS`] at most; its only cell is the key.
    pub first: Arc<Statement>,
    /// The greatest.
    pub last: Arc<Statement>,
}

/// Where fewer rows tell a tenant they are all there are, as nearly always.
pub const FEW_ROWS: u64 = 3;

/// A value that a column must equal.
#[derive(Debug, Clone)]
pub struct RowValue {
    /// Type of the column.
    pub ty: ColumnType,
    /// Where the value comes from.
    pub from: RowValueFrom,
}

/// Where a compared value comes from.
#[derive(Debug, Clone)]
pub enum RowValueFrom {
    /// The author's expression; nothing equals undefined or null.
    Program(Program),
    /// The first of these that is there.
    Told(Vec<Told>),
}

/// What an event does.
#[derive(Debug, Clone)]
pub struct HookAction {
    /// Its name among all workflows: `webhook stripe-billing reset-usage`.
    pub name: String,
    /// What it is known by on events of this webhook: the end of its name.
    pub mark: String,
    /// It runs only if this is truthy, in the hook's frame.
    pub condition: Option<Program>,
    /// Whether it is bound to the event's tenant: [`Place::Named`] or nowhere.
    pub place: Place,
    /// Where the values of its expressions come from.
    pub frame: Vec<Source>,
    /// What it does.
    pub work: Work,
    /// What its runs answer; nobody reads it but `runs show`.
    pub answer: Answer,
    /// Slots that are the tenant's key where the event leaves them undefined.
    pub completed: Vec<Slot>,
    /// All rows of the tables that it writes, as a rehearsal compares them.
    pub watched: Vec<Watched>,
}

/// All rows of a table that an event could change.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The table.
    pub table: String,
    /// Its rows as JSON, secrets left out, ordered by key; the cells are the key's columns.
    pub statement: Arc<Statement>,
    /// The rows are those of one tenant: its key is the only parameter.
    pub scoped: bool,
}

impl Hook {
    /// What its events run: the look-ups of their tenant, and what its actions do or watch.
    pub(super) fn statements(&self) -> impl Iterator<Item = &Arc<Statement>> {
        let finder = self.finder.iter().flat_map(Finder::statements);
        finder.chain(self.actions.iter().flat_map(HookAction::statements))
    }
}

impl Finder {
    fn statements(&self) -> impl Iterator<Item = &Arc<Statement>> {
        let declared = match &self.declared {
            Some(Declared::Rows(rows)) => Some(rows),
            _ => None,
        };
        let rows = declared.into_iter().chain(&self.rows);
        let tenant = std::iter::once(&self.tenant.statement);
        rows.flat_map(|rows| [&rows.first, &rows.last]).chain(tenant)
    }
}

impl HookAction {
    fn statements(&self) -> impl Iterator<Item = &Arc<Statement>> {
        let place = self.place.statement().into_iter();
        let watched = self.watched.iter().map(|watched| &watched.statement);
        place.chain(self.work.statements()).chain(watched)
    }
}
