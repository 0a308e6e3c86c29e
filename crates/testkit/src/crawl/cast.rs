//! Tenants, their marks, and who calls.
//!
//! Invariant: what belongs to a tenant and is text holds its mark; ids begin with its prefix.

use crate::world::person;

/// The roles that every tenant has a member of.
pub const ROLES: [&str; 4] = ["owner", "admin", "member", "viewer"];

/// The names and ids of one tenant.
#[derive(Debug, Clone, Copy)]
pub struct Marks {
    /// Its number.
    pub tenant: usize,
}

impl Marks {
    /// Those of a tenant.
    #[must_use]
    pub fn new(tenant: usize) -> Self {
        Self { tenant }
    }

    /// How every id of the tenant begins.
    #[must_use]
    pub fn prefix(self) -> String {
        format!("c0de{:04x}-", self.tenant)
    }

    /// An id of the tenant's: the same for the same number.
    #[must_use]
    pub fn id(self, number: usize) -> String {
        format!("{}0000-4000-8000-{number:012x}", self.prefix())
    }

    /// The tenant's own key.
    #[must_use]
    pub fn key(self) -> String {
        self.id(0)
    }

    /// What every text of the tenant begins with.
    #[must_use]
    pub fn mark(self) -> String {
        format!("canary-{:03}-", self.tenant)
    }

    /// A marked text.
    #[must_use]
    pub fn text(self, what: &str) -> String {
        format!("{}{what}", self.mark())
    }

    /// The person who has a role in the tenant; six letters, since more do not count. Which role comes first in
    /// the order of ids differs from tenant to tenant, so that nothing is found by luck.
    #[must_use]
    pub fn person(self, role: &str) -> String {
        let at = ROLES
            .iter()
            .position(|known| *known == role)
            .unwrap_or(ROLES.len());
        let first = b"adgj".get((at + self.tenant) % 4).filter(|_| at < ROLES.len());
        let short: String = role.chars().take(2).collect();
        format!("{}{short}{:03}", char::from(*first.unwrap_or(&b'm')), self.tenant)
    }

    /// The id of that person.
    #[must_use]
    pub fn user(self, role: &str) -> String {
        person(&self.person(role))
    }

    /// Everything by which a text can be seen to be of this tenant.
    #[must_use]
    pub fn signs(self) -> Vec<String> {
        let mut signs = vec![self.prefix(), self.mark()];
        for role in ROLES {
            signs.push(format!("{}@", self.person(role)));
            signs.push(self.user(role));
        }
        signs
    }
}

/// The tenant that an id belongs to.
#[must_use]
pub fn tenant_of(id: &str) -> Option<usize> {
    let digits = id.strip_prefix("c0de")?.split('-').next()?;
    usize::from_str_radix(digits, 16).ok()
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// No token.
    Anonymous,
    /// A token of the first tenant's owner whose time is over.
    Expired,
    /// A valid token of somebody who is nowhere a member.
    Stranger,
    /// A valid token whose subject is no uuid.
    NoUuid,
    /// A member of one tenant.
    Member {
        /// Of which.
        tenant: usize,
        /// With which role.
        role: &'static str,
    },
    /// An owner of one tenant who is a viewer in another.
    Double {
        /// Owner here.
        owner: usize,
        /// Viewer there.
        viewer: usize,
    },
    /// Nowhere a member, but invited to a tenant.
    Invitee(usize),
}

impl Caller {
    /// The tenant that is the caller's own, if there is one.
    #[must_use]
    pub fn home(&self) -> Option<usize> {
        match self {
            Caller::Member { tenant, .. } | Caller::Double { owner: tenant, .. } => Some(*tenant),
            _ => None,
        }
    }

    /// The role in a tenant, now or after accepting an invitation.
    #[must_use]
    pub fn role(&self, tenant: usize) -> Option<&'static str> {
        match self {
            Caller::Member { tenant: own, role } if *own == tenant => Some(role),
            Caller::Double { owner, .. } if *owner == tenant => Some("owner"),
            Caller::Double { viewer, .. } if *viewer == tenant => Some("viewer"),
            // What they become by accepting.
            Caller::Invitee(invited) if *invited == tenant => Some("member"),
            _ => None,
        }
    }

    /// Whether the caller may see and change rows of a tenant at all.
    #[must_use]
    pub fn belongs_to(&self, tenant: usize) -> bool {
        self.role(tenant).is_some()
    }

    /// Name and claims of the caller's token; `tenant` is what it says of the tenant.
    #[must_use]
    pub fn token(&self, tenant: Option<&str>) -> Option<(String, String)> {
        let claim = tenant.map(|tenant| format!(r#""tenant_id": "{tenant}""#));
        let (name, extra) = match self {
            Caller::Anonymous => return None,
            Caller::Expired => (
                Marks::new(0).person("owner"),
                Some(r#""exp": 1000000000"#.to_owned()),
            ),
            Caller::Stranger => ("nobody".to_owned(), None),
            Caller::NoUuid => ("nobody".to_owned(), Some(r#""sub": "' OR 1=1 --""#.to_owned())),
            Caller::Member { tenant, role } => (Marks::new(*tenant).person(role), None),
            Caller::Double { owner, .. } => (Marks::new(*owner).person("double"), None),
            Caller::Invitee(tenant) => (Marks::new(*tenant).person("invitee"), None),
        };
        let claims: Vec<String> = claim.into_iter().chain(extra).collect();
        Some((name, format!("{{{}}}", claims.join(", "))))
    }
}
