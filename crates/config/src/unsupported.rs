//! Keys of neighbouring products and versions that this one does not read.
//!
//! Role: when such a key is met, the report says so instead of offering a similar word.
//! Input: a key nobody asked for. Output: why it is not read.
//! Invariant: a key listed here is refused as any unknown key is; only the words differ.
//! Not here: keys that are read somewhere.

/// Why `key` is not read, if it is one that authors bring from elsewhere.
pub(crate) fn why(key: &str) -> Option<&'static str> {
    Some(match key {
        "authProvider" | "firebaseQueries" | "firebase" => {
            "Firebase is not supported: callers are known by JWT (`jwt`), data lives in SQLite"
        }
        "requiredPermissions" | "rolesTable" | "defaultRole" | "tenantRbac" | "parentRole" => {
            "this key is not supported: who may call a route is said by `rbac.roles` on the route"
        }
        "integrations" | "integration" => {
            "this key is not supported here: calls to providers are workflow steps of type `integration`"
        }
        "transform" => "this key is not supported: shape the answer with `response`",
        "databaseProvider" => {
            "this key is not supported: `database.url` decides, and SQLite is used without it"
        }
        "anonKey" | "serviceKey" | "serviceRoleKey" => {
            "this key is not supported: a Supabase project is reached by its connection string, `supabase.dbUrl`"
        }
        "agent" | "llm" | "embedding" | "vectorStore" | "tools" | "mcp" => {
            "this key is not supported: language models and agents are not part of Backflow"
        }
        "queue" | "storageProvider" | "r2" | "userLimits" | "redis" => {
            "this key is not supported by this version"
        }
        _ => return None,
    })
}
