//! Operands that the strings of a script are built from.

use oxc_ast::ast::*;
use oxc_span::Span;

use crate::refs::paths::Piece;

/// A string whose value is known.
pub(super) struct Literal<'t> {
    /// Its place, with its quotes.
    pub span: Span,
    pub value: &'t str,
}

/// Returns the operands of `a + b + c`, in their order, through parentheses.
pub(super) fn operands<'e, 'a>(expression: &'e Expression<'a>) -> Vec<&'e Expression<'a>> {
    let mut operands = Vec::new();
    let mut open = vec![expression];
    while let Some(expression) = open.pop() {
        match expression {
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                open.extend([&binary.right, &binary.left]);
            }
            _ => operands.push(expression),
        }
    }
    operands
}

/// Returns known texts, and holes between them.
pub(super) fn pieces<'e>(operands: &[&'e Expression]) -> Vec<Piece<'e>> {
    let mut pieces = Vec::new();
    for operand in operands {
        match (operand, literal(operand)) {
            (_, Some(literal)) => pieces.push(Piece::Text(literal.value)),
            (Expression::TemplateLiteral(template), None) => {
                let texts = template
                    .quasis
                    .iter()
                    .map(|quasi| quasi.value.cooked.as_ref().map_or("", |text| text));
                let texts = texts
                    .flat_map(|text| [Piece::Hole, Piece::Text(text)])
                    .skip(1);
                // Nothing stands before the first expression of `${a}.png`.
                pieces.extend(texts.filter(|piece| !matches!(piece, Piece::Text(""))));
            }
            _ => pieces.push(Piece::Hole),
        }
    }
    pieces
}

/// Says whether it's `a + b` or a template with expressions.
pub(super) fn is_sum(expression: &Expression) -> bool {
    match expression {
        Expression::BinaryExpression(binary) => binary.operator == BinaryOperator::Addition,
        Expression::TemplateLiteral(template) => !template.expressions.is_empty(),
        _ => false,
    }
}

/// Returns a string that is written in one piece.
pub(super) fn literal<'e>(expression: &'e Expression) -> Option<Literal<'e>> {
    match expression {
        Expression::StringLiteral(literal) => string(literal),
        Expression::TemplateLiteral(template) => {
            match (&template.quasis[..], &template.expressions[..]) {
                ([quasi], []) if !quasi.lone_surrogates => {
                    quasi.value.cooked.as_ref().map(|value| Literal {
                        span: template.span,
                        value,
                    })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Returns `None` if the value isn't text: half of a surrogate pair.
pub(super) fn string<'e>(literal: &'e StringLiteral) -> Option<Literal<'e>> {
    (!literal.lone_surrogates).then(|| Literal {
        span: literal.span,
        value: &literal.value,
    })
}
