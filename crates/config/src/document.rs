//! What the author wrote, typed but not interpreted.
//!
//! Role: every key that a project folder may hold, with the place of each value.
//! Invariant: templates, selects and conditions are still text; nothing is looked up, nothing defaulted from
//! the environment.
//! Not here: what any of it means; see the planner.

/// Compares all fields but the place: layout must not change what a document is. A field that is not named
/// here does not compile.
macro_rules! equal_but_for_place {
    ($kind:ident { $($field:ident),* $(,)? }) => {
        impl PartialEq for $kind {
            fn eq(&self, other: &Self) -> bool {
                let Self { span: _, $($field),* } = self;
                true $(&& *$field == other.$field)*
            }
        }
    };
}

mod cache;
mod integration;
mod limit;
mod query;
mod route;
mod rules;
mod webhook;
mod workflow;

pub use cache::{Cache, Caches};
pub use integration::{Auth, Integration, IntegrationAction, IntegrationParam, RepeatWord};
pub use limit::{CountBy, Network, Proxies, RateLimit, RateLimits};
pub use query::{Filter, FilterTest, OfEmbed, Operation, Query};
pub use route::{Method, Route};
pub use rules::{Field, RuleType, Rules, Validation};
pub use webhook::{
    DigestWord, HashWord, SignedPart, Webhook, WebhookAction, WebhookEvent, WebhookRows, WebhookSignature,
    WebhookTenant,
};
pub use workflow::{Ask, Refuse, Retry, Run, Step, StepAction, Workflow};

use crate::tree::Node;
use backflow_diag::{Span, Spanned, Text};

/// All files of a project together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// Settings of `backflow.json` (and of any file that holds such keys).
    pub project: Project,
    /// All routes, in file and then text order.
    pub routes: Vec<Route>,
    /// `routeAliases`
    pub aliases: Vec<Alias>,
    /// `webhooks`
    pub webhooks: Vec<Webhook>,
    /// `workflows`: the stand-alone ones.
    pub workflows: Vec<Workflow>,
    /// `customIntegrations`
    pub integrations: Vec<Integration>,
}

/// Project-wide settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Project {
    /// `database.url`, `supabase.dbUrl` or `sqlite.path`
    pub database: Database,
    /// `jwt`
    pub jwt: Jwt,
    /// `tenancy`
    pub tenancy: Option<Tenancy>,
    /// `relationships`
    pub relationships: Vec<Relationship>,
    /// `constants`
    pub constants: Option<Node>,
    /// `publicEnv`: environment variables that are no secrets.
    pub public_env: Vec<Spanned<String>>,
    /// `secretColumns`: table name to column names.
    pub secret_columns: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
    /// `credentials`
    pub credentials: Option<Node>,
    /// `rateLimit`
    pub rate_limit: Option<RateLimits>,
    /// `cache`
    pub cache: Option<Caches>,
    /// `cors.origins`
    pub cors_origins: Vec<Text>,
    /// `server.trustedProxies`
    pub proxies: Proxies,
}

/// Where the data lives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Database {
    /// `database.url`, or `supabase.dbUrl`; a template.
    pub url: Option<Text>,
    /// `sqlite.path` (or `sqlite.dbPath`), relative to the project folder.
    pub sqlite_path: Option<Spanned<String>>,
}

/// `jwt`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Jwt {
    /// `secret`; a template.
    pub secret: Option<Text>,
    /// `issuer`; a template.
    pub issuer: Option<Text>,
    /// `audience`; a template.
    pub audience: Option<Text>,
    /// `algorithms`
    pub algorithms: Vec<Spanned<String>>,
}

/// `tenancy`
#[derive(Debug, Clone)]
pub enum Tenancy {
    /// `false`: one tenant only, nothing is scoped.
    Off(Span),
    /// An object; what it leaves out is inferred.
    Declared(Box<TenancyKeys>),
}

impl PartialEq for Tenancy {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Off(_), Self::Off(_)) => true,
            (Self::Declared(a), Self::Declared(b)) => a == b,
            _ => false,
        }
    }
}

/// Keys of a `tenancy` object.
#[derive(Debug, Clone)]
pub struct TenancyKeys {
    /// Where the object stands.
    pub span: Span,
    /// `table`: the tenants.
    pub table: Option<Spanned<String>>,
    /// `members`
    pub members: Option<Members>,
    /// `claim`: name of the token's claim that names a tenant (default `tenant_id`).
    pub claim: Option<Spanned<String>>,
    /// `params`: names of path parameters that name the tenant.
    pub params: Vec<Spanned<String>>,
    /// `capabilities`: table to the secret columns that open a row.
    pub capabilities: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
    /// `tables`: table to its tenant column, or `None` for `false` (global).
    pub tables: Vec<(Spanned<String>, Option<Spanned<String>>)>,
}

equal_but_for_place!(TenancyKeys {
    table,
    members,
    claim,
    params,
    capabilities,
    tables,
});

/// `tenancy.members`
#[derive(Debug, Clone, PartialEq)]
pub struct Members {
    /// `table`
    pub table: Spanned<String>,
    /// `tenant`: column that names the tenant.
    pub tenant: Option<Spanned<String>>,
    /// `user`: column that names the user.
    pub user: Option<Spanned<String>>,
    /// `role`: column that holds the role.
    pub role: Option<Spanned<String>>,
}

/// A relation that no foreign key declares; read like one.
#[derive(Debug, Clone)]
pub struct Relationship {
    /// Where it stands.
    pub span: Span,
    /// `table`
    pub table: Spanned<String>,
    /// `column`
    pub column: Spanned<String>,
    /// `references.table`, from `"references": "table.column"`
    pub to_table: Spanned<String>,
    /// `references.column`
    pub to_column: Spanned<String>,
}

equal_but_for_place!(Relationship {
    table,
    column,
    to_table,
    to_column,
});

/// A line of `routeAliases`.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// Its name.
    pub name: Spanned<String>,
    /// The public prefix.
    pub path: Text,
}
