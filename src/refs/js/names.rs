//! Names of expressions.

use oxc_ast::ast::*;

/// `b` of `a.b`, `a` of `a`.
pub(super) fn last_name<'e>(expression: &'e Expression) -> Option<&'e str> {
    match expression {
        Expression::Identifier(identifier) => Some(identifier.name.as_str()),
        Expression::ChainExpression(chain) => chain
            .expression
            .as_member_expression()?
            .static_property_name(),
        _ => expression.as_member_expression()?.static_property_name(),
    }
}

/// `b` of `a.b.c()`
pub(super) fn object_name<'e>(callee: &'e Expression) -> Option<&'e str> {
    match callee {
        Expression::ChainExpression(chain) => {
            last_name(chain.expression.as_member_expression()?.object())
        }
        _ => last_name(callee.as_member_expression()?.object()),
    }
}

pub(super) fn is_global(name: &str) -> bool {
    matches!(name, "self" | "globalThis" | "window")
}

/// `import.meta.url`
pub(super) fn is_import_meta(expression: &Expression, name: &str) -> bool {
    let member = expression.as_member_expression();
    member.is_some_and(|member| {
        matches!(member.object(), Expression::ImportMeta(_))
            && member.static_property_name() == Some(name)
    })
}
