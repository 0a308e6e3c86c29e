//! Types of expressions from columns, rules and fixed values, and which of them a column can take.
//!
//! Role: the bridge between the catalog's types, the document's rules and the expression language.
//! Invariant: what is not known is unknown, never guessed.
//! Not here: converting values; see `convert`.

use backflow_catalog::ColumnType;
use backflow_config::document::{Field, IntegrationParam, RuleType, Rules};
use backflow_config::tree::{Node, Tree};
use backflow_expr::{Key, Kind, Type};

/// What an expression gets when it reads a column.
pub(crate) fn of_column(ty: &ColumnType) -> Type {
    Type::new(match ty {
        ColumnType::Bool => Kind::Bool,
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => Kind::Integer,
        ColumnType::Float4 | ColumnType::Float8 | ColumnType::Numeric(_) => Kind::Number,
        ColumnType::TimestampTz => Kind::Time,
        ColumnType::Json | ColumnType::Jsonb => return Type::unknown(),
        ColumnType::Array(item) => return Type::list(of_column(item).nullable()),
        _ => Kind::Text,
    })
}

/// The type with null allowed or not.
pub(crate) fn nullable(ty: Type, yes: bool) -> Type {
    if yes { ty.nullable() } else { ty }
}

/// What an expression gets when it reads a validated field.
pub(crate) fn of_field(field: &Field) -> Type {
    let ty = of_rules(&field.rules);
    if field.rules.required || field.rules.default.is_some() {
        ty
    } else {
        ty.optional()
    }
}

/// An object of validated fields.
pub(crate) fn of_fields(fields: &[Field]) -> Type {
    Type::object(
        fields
            .iter()
            .map(|field| (field.name.value.clone(), of_field(field)))
            .collect(),
    )
}

/// What an expression gets when it reads a parameter of an action.
pub(crate) fn of_param(param: &IntegrationParam) -> Type {
    let ty = param.ty.map_or_else(Type::unknown, |ty| {
        Type::new(match ty {
            RuleType::String => Kind::Text,
            RuleType::Number => Kind::Number,
            RuleType::Integer => Kind::Integer,
            RuleType::Boolean => Kind::Bool,
            RuleType::Array => Kind::List(Box::new(Type::unknown())),
            RuleType::Object => Kind::Object(None),
        })
    });
    if param.required { ty } else { ty.optional() }
}

fn of_rules(rules: &Rules) -> Type {
    let Some(ty) = &rules.ty else {
        return Type::unknown().caller();
    };
    let ty = match ty.value {
        RuleType::String => Type::new(Kind::Text),
        RuleType::Number => Type::new(Kind::Number),
        RuleType::Integer => Type::new(Kind::Integer),
        RuleType::Boolean => Type::new(Kind::Bool),
        RuleType::Array => Type::list(
            rules
                .items
                .as_ref()
                .map_or_else(Type::unknown, |items| of_rules(items)),
        ),
        RuleType::Object => match &rules.properties {
            Some(fields) => of_fields(fields),
            None => Type::new(Kind::Object(None)),
        },
    };
    nullable(ty.caller(), rules.nullable)
}

/// The type one key further; `None` when the type is known not to have it.
pub(crate) fn step(ty: &Type, key: &Key) -> Option<Type> {
    let inner = match (&ty.kind, key) {
        (Kind::Object(Some(members)), Key::Name(name)) => members
            .iter()
            .find(|(member, _)| **member == **name)
            .map(|(_, ty)| ty.clone())?,
        (Kind::List(item), Key::Index(_)) => item.as_ref().clone().optional(),
        (Kind::Object(None) | Kind::Unknown, _) => Type::unknown(),
        _ => return None,
    };
    let absent = ty.optional || ty.nullable;
    Some(if absent { inner.optional() } else { inner })
}

/// A member of a fixed value.
pub(crate) fn member<'n>(node: &'n Node, key: &Key) -> Option<&'n Node> {
    match (&node.tree, key) {
        (Tree::Object(members), Key::Name(name)) => members
            .iter()
            .find(|member| *member.key.value == **name)
            .map(|member| &member.value),
        (Tree::List(items), Key::Index(index)) => items.get(*index),
        _ => None,
    }
}

/// Why values of a type can never become values of a column; `None`: some can.
pub(crate) fn misfit(ty: &Type, column: &ColumnType) -> Option<&'static str> {
    let text = matches!(ty.kind, Kind::Text);
    match (&ty.kind, column) {
        (Kind::Unknown | Kind::Null, _)
        | (_, ColumnType::Json | ColumnType::Jsonb | ColumnType::Other(_)) => None,
        (Kind::List(_), ColumnType::Array(_)) => None,
        (Kind::List(_), _) => Some("a list goes only into JSON and array columns"),
        (Kind::Object(_), _) => Some("an object goes only into JSON columns"),
        (_, ColumnType::Array(_)) if !text => Some("an array column takes a list"),
        (Kind::Bool, ColumnType::Bool) => None,
        (Kind::Bool, _) => Some("a boolean goes only into boolean columns"),
        (Kind::Integer | Kind::Number, column) if column.is_number() => None,
        (Kind::Integer | Kind::Number, _) => {
            Some("a number goes only into number columns; `string(…)` makes a text of it")
        }
        (Kind::Time, column) if column.is_temporal() => None,
        (Kind::Time, column) if column.is_text() => None,
        (Kind::Time, _) => Some("an instant goes only into date, time and text columns"),
        (Kind::Text, column) if column.is_number() && !ty.wire => {
            Some("a text from a body is no number; validate it as a number, or use `number(…)`")
        }
        (Kind::Text, ColumnType::Bool) if !ty.wire => Some("a text is no boolean; use `boolean(…)`"),
        (Kind::Text, _) => None,
    }
}
