use rhai::AST;
use rhai::ASTNode;
use rhai::FnAccess;

use super::translate::place;
use super::translate::statement;
use super::tree::Closure;
use super::tree::Function;
use super::tree::Import;
use super::tree::Node;
use super::tree::Syntax;
use super::tree::What;
use crate::diagnostics::Position;
use crate::script::cases::cases;

impl Syntax {
    /// Reads the engine's tree of `text`.
    pub(in crate::script) fn read(ast: &AST, text: &str) -> Self {
        let mut functions = functions(ast, text);
        let globals_before = ast.statements().len();
        let mut globals = Vec::new();
        let mut roots = 0;
        ast.walk(&mut |path: &[ASTNode<'_>]| {
            if let [ASTNode::Stmt(root)] = path {
                roots += 1;
                let at = place(root.position());
                let node = statement(root);
                if roots <= globals_before {
                    globals.push(node);
                } else if let Some(found) = functions.iter_mut().rev().find(|found| found.holds(at)) {
                    found.function.body.push(node);
                }
            }
            true
        });
        let imports = globals.iter().filter_map(import).collect();
        Self {
            functions: with_closures(functions),
            globals,
            imports,
            cases: cases(text),
        }
    }
}

struct Found {
    function: Function,
    start: Position,
    end: Position,
    is_closure: bool,
}

impl Found {
    fn holds(&self, at: Position) -> bool {
        self.start <= at && at <= self.end
    }
}

/// Every function in the order of the file, so that the last one that holds a place is the innermost.
fn functions(ast: &AST, text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = ast
        .iter_functions()
        .filter_map(|function| {
            let defined = ast
                .shared_lib()
                .get_script_fn(function.name, function.params.len())?;
            let (start, end) = (defined.body.start_position(), defined.body.end_position());
            let start = place(start);
            Some(Found {
                function: Function {
                    name: function.name.to_owned(),
                    parameters: function.params.iter().map(|&name| name.to_owned()).collect(),
                    at: name_before(text, start, function.name),
                    private: matches!(function.access, FnAccess::Private),
                    body: Vec::new(),
                    closures: Vec::new(),
                },
                start,
                // A closure that is one expression says only where it begins.
                end: place(end).max(start),
                is_closure: function.name.starts_with("anon$"),
            })
        })
        .collect();
    found.sort_by_key(|found| found.start);
    found
}

/// Named functions, each with the closures that stand in it.
fn with_closures(found: Vec<Found>) -> Vec<Function> {
    let (closures, mut named): (Vec<Found>, Vec<Found>) = found.into_iter().partition(|one| one.is_closure);
    for closure in closures {
        if let Some(around) = named.iter_mut().rev().find(|one| one.holds(closure.start)) {
            around.function.closures.push(Closure {
                parameters: closure.function.parameters,
                body: closure.function.body,
            });
        }
    }
    named.into_iter().map(|one| one.function).collect()
}

/// Where `name` last stands before the body that begins at `body`.
fn name_before(text: &str, body: Position, name: &str) -> Position {
    let mut found = body;
    let needle = format!("{name}(");
    let spaced = format!("{name} (");
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        if number > body.line {
            break;
        }
        if let Some(byte) = line.rfind(&needle).or_else(|| line.rfind(&spaced)) {
            let before = line.get(..byte).unwrap_or_default();
            let column = u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX);
            if before.trim_end().ends_with("fn") && (number < body.line || column <= body.column) {
                found = Position { line: number, column };
            }
        }
    }
    found
}

fn import(node: &Node) -> Option<Import> {
    let What::Import { path, alias } = &node.what else {
        return None;
    };
    let path = match &path.what {
        What::Text(path) => Some(path.clone()),
        _ => None,
    };
    Some(Import {
        path,
        alias: alias.clone(),
        at: node.at,
    })
}
