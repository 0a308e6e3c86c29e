//! What the author wrote, typed but not interpreted.
//!
//! Role: every key that a project folder may hold, with the place of each value.
//! Invariant: templates, selects and conditions are still text; nothing is looked up, nothing defaulted from
//! the environment.
//! Not here: what any of it means; see the planner.

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
    /// `customIntegrations`, checked in form by the planner of connectors.
    pub integrations: Vec<Node>,
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
    pub rate_limit: Option<Node>,
    /// `cache`
    pub cache: Option<Node>,
    /// `cors.origins`
    pub cors_origins: Vec<Text>,
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
#[derive(Debug, Clone, PartialEq)]
pub enum Tenancy {
    /// `false`: one tenant only, nothing is scoped.
    Off(Span),
    /// An object; what it leaves out is inferred.
    Declared(Box<TenancyKeys>),
}

/// Keys of a `tenancy` object.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq)]
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

/// A line of `routeAliases`.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// Its name.
    pub name: Spanned<String>,
    /// The public prefix.
    pub path: Text,
}

/// An HTTP method a route may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Method {
    /// All methods.
    pub const ALL: [Method; 5] = [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];

    /// In upper case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// A route.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The whole object.
    pub span: Span,
    /// `path`
    pub path: Text,
    /// `method`
    pub method: Spanned<Method>,
    /// `description`
    pub description: Option<Text>,
    /// `tags`
    pub tags: Vec<Spanned<String>>,
    /// `requireAuth`
    pub require_auth: bool,
    /// `tenant`
    pub tenant: Option<Text>,
    /// `crossTenant.reason`
    pub cross_tenant: Option<Spanned<String>>,
    /// `rbac.roles`; `None` without `rbac`.
    pub roles: Option<Spanned<Vec<Spanned<String>>>>,
    /// `validation` or `request`
    pub validation: Validation,
    /// `supabaseQueries`; `None` when the key is absent.
    pub queries: Option<Vec<Query>>,
    /// `workflow`
    pub workflow: Option<Workflow>,
    /// `response`
    pub response: Option<Node>,
    /// `status`
    pub status: Option<Spanned<u16>>,
    /// `cache`
    pub cache: Option<Cache>,
    /// `rateLimit`
    pub rate_limit: Option<Node>,
    /// `excludeFields`
    pub exclude_fields: Vec<Spanned<String>>,
}

/// `cache` of a route.
#[derive(Debug, Clone, PartialEq)]
pub struct Cache {
    /// Where it stands.
    pub span: Span,
    /// `enabled` (default true when the object is there)
    pub enabled: bool,
    /// `ttl` in seconds
    pub ttl: Option<Spanned<u32>>,
    /// `key`
    pub key: Option<Text>,
    /// `coherent`
    pub coherent: bool,
}

/// `validation`: what a request must look like. `None`: that part is not declared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Validation {
    /// `body`
    pub body: Option<Vec<Field>>,
    /// `params`
    pub params: Option<Vec<Field>>,
    /// `query`
    pub query: Option<Vec<Field>>,
}

/// A named value of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: Spanned<String>,
    /// Its rules.
    pub rules: Rules,
}

/// `type` of a validated value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleType {
    /// `string`
    String,
    /// `number`
    Number,
    /// `integer`
    Integer,
    /// `boolean`
    Boolean,
    /// `array`
    Array,
    /// `object`
    Object,
}

/// Rules for a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The whole object.
    pub span: Span,
    /// `type`; `None`: any.
    pub ty: Option<Spanned<RuleType>>,
    /// `required`
    pub required: bool,
    /// `nullable`
    pub nullable: bool,
    /// `format`
    pub format: Option<Spanned<String>>,
    /// `pattern`
    pub pattern: Option<Text>,
    /// `enum`
    pub choices: Option<Spanned<Vec<Node>>>,
    /// `minimum`, as written
    pub minimum: Option<Spanned<String>>,
    /// `maximum`, as written
    pub maximum: Option<Spanned<String>>,
    /// `minLength`, in characters
    pub min_length: Option<Spanned<u32>>,
    /// `maxLength`, in characters
    pub max_length: Option<Spanned<u32>>,
    /// `minItems`
    pub min_items: Option<Spanned<u32>>,
    /// `maxItems`
    pub max_items: Option<Spanned<u32>>,
    /// `items`
    pub items: Option<Box<Rules>>,
    /// `properties`
    pub properties: Option<Vec<Field>>,
    /// `default`
    pub default: Option<Node>,
}

/// `operation` of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `select`
    Select,
    /// `insert`
    Insert,
    /// `update`
    Update,
    /// `upsert`
    Upsert,
    /// `delete`
    Delete,
}

/// A query of `supabaseQueries`, or the `params` of a step of type `database`.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The whole object.
    pub span: Span,
    /// `table`
    pub table: Spanned<String>,
    /// `operation`
    pub operation: Spanned<Operation>,
    /// `select`
    pub select: Option<Text>,
    /// `data`: an object, an array of objects, or a template
    pub data: Option<Node>,
    /// `filters`; several are joined by "and"
    pub filters: Vec<Filter>,
    /// `order`: PostgREST's string, an object, or a list
    pub order: Option<Node>,
    /// `limit`: a number or a template
    pub limit: Option<Node>,
    /// `offset`: a number or a template
    pub offset: Option<Node>,
    /// `single`
    pub single: bool,
    /// `alias`
    pub alias: Option<Spanned<String>>,
    /// `condition`
    pub condition: Option<Text>,
    /// `onConflict` (array or comma list) or `upsertOptions.onConflict`
    pub on_conflict: Option<Spanned<Vec<Spanned<String>>>>,
    /// `ignoreDuplicates` or `upsertOptions.ignoreDuplicates`
    pub ignore_duplicates: Option<Spanned<bool>>,
    /// `count`: `exact`, `planned` or `estimated`
    pub count: Option<Spanned<String>>,
    /// `allRows`
    pub all_rows: bool,
    /// `require`
    pub require: Option<Text>,
    /// `excludeFields`
    pub exclude_fields: Vec<Spanned<String>>,
    /// `crossTenant.reason`
    pub cross_tenant: Option<Spanned<String>>,
}

/// A member of `filters`.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// `{column, operator, value}`
    Test(FilterTest),
    /// `{"or": […]}`
    Or(Vec<Filter>, Span),
    /// `{"and": […]}`
    And(Vec<Filter>, Span),
}

/// One comparison of a filter.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterTest {
    /// The whole object.
    pub span: Span,
    /// `column`
    pub column: Text,
    /// `operator`
    pub operator: Spanned<String>,
    /// `value`
    pub value: Node,
    /// `not`
    pub not: bool,
    /// `optional`
    pub optional: bool,
}

/// A workflow: of a route, of a webhook's action, or stand-alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// The whole object.
    pub span: Span,
    /// `name` or `id`, for stand-alone ones.
    pub name: Option<Spanned<String>>,
    /// `steps`
    pub steps: Vec<Step>,
    /// `response`
    pub response: Option<Node>,
    /// `timeout`: a duration such as `30s`, or milliseconds
    pub timeout: Option<Node>,
    /// `join` (default true)
    pub join: bool,
    /// `input`: rules of a stand-alone workflow's input
    pub input: Option<Vec<Field>>,
}

/// A step of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The whole object.
    pub span: Span,
    /// `id`
    pub id: Spanned<String>,
    /// `condition`
    pub condition: Option<Text>,
    /// What it does.
    pub action: StepAction,
    /// `retry`
    pub retry: Option<Node>,
    /// `timeout`
    pub timeout: Option<Node>,
    /// `onError`: `fail` or `continue`
    pub on_error: Option<Spanned<String>>,
    /// `compensate`
    pub compensate: Option<Node>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepAction {
    /// `type: database`
    Database(Box<Query>),
    /// `type: integration`
    Integration {
        /// `integration`
        provider: Spanned<String>,
        /// `action`
        action: Spanned<String>,
        /// `params`
        params: Option<Node>,
    },
    /// `type: refuse`
    Refuse(Node),
    /// `type: lock`
    Lock(Text),
}

/// A member of `webhooks`.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// The whole object.
    pub span: Span,
    /// `name`
    pub name: Spanned<String>,
    /// `path`
    pub path: Text,
    /// `provider`
    pub provider: Spanned<String>,
    /// `secret`: one template or several
    pub secrets: Vec<Text>,
    /// `tenant`
    pub tenant: Option<Node>,
    /// `signature`: how a `custom` provider signs
    pub signature: Option<Node>,
    /// `actions`
    pub actions: Vec<WebhookAction>,
}

/// A member of a webhook's `actions`.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookAction {
    /// The whole object.
    pub span: Span,
    /// `condition`
    pub condition: Option<Text>,
    /// `workflow`, or the single step that `type`, `action` and `params` make.
    pub workflow: Workflow,
}
