//! Explains a scenario, or one of its cases.

use std::sync::Arc;

use super::{Context, clauses_list, pairs, part, prose, rules_list};
use crate::plan::{Need, Plan};
use crate::requirements::{self, Requirement, standard};
use crate::scenario::model::{Step, Transport, each_step};

pub(super) fn render(plans: &[&Plan], context: Context<'_>) -> String {
    let Some(first) = plans.first() else {
        return String::new();
    };
    let scene = &first.scene;
    let name = match plans {
        [one] => one.scene.id.to_string(),
        _ => scene.id.path.clone(),
    };
    let style = context.style;
    let mut out = format!("{} {}\n", style.strong(&name), scene.source.path);
    out.push_str(&prose(&scene.title, context));
    if let Some(about) = &scene.about {
        out.push_str(&prose(about.trim(), context));
    }
    if plans.len() > 1 {
        let rows: Vec<(String, String)> = plans
            .iter()
            .map(|plan| {
                let title = match plan.scene.title == scene.title {
                    true => String::new(),
                    false => plan.scene.title.clone(),
                };
                (plan.scene.id.to_string(), title)
            })
            .collect();
        out.push_str(&part("Cases", &pairs(&rows, context), style));
    }
    out.push_str(&part(
        "Seen in",
        &prose_list(&threads(plans), context),
        style,
    ));
    let is_spread = |need: &Need| matches!(need, Need::Route(route) if route.node > 0);
    let has_nodes = first.needs.iter().any(is_spread);
    // On a single node, the capability already says WebSocket.
    let is_shown = |need: &&Need| match need {
        Need::Route(route) => has_nodes || route.transport != Transport::WebSocket,
        _ => true,
    };
    let needs = first.needs.iter().filter(is_shown);
    let needs: Vec<String> = needs.map(|one| need(one, has_nodes)).collect();
    out.push_str(&part("Needs", &prose_list(&needs, context), style));
    out.push_str(&part("Steps (line)", &steps(&scene.steps, context), style));
    out.push_str(&part(
        "Clauses",
        &clauses_list(cited(plans).into_iter(), context),
        style,
    ));
    out.push_str(&part(
        "Rules of other standards",
        &rules_list(rules(plans), context),
        style,
    ));
    out
}

fn prose_list(words: &[String], context: Context<'_>) -> String {
    match words {
        [] => String::new(),
        words => prose(&words.join(", "), context),
    }
}

/// The bug reports that the cases name, each once.
fn threads(plans: &[&Plan]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for thread in plans.iter().flat_map(|plan| &plan.scene.threads) {
        if !found.contains(thread) {
            found.push(thread.clone());
        }
    }
    found
}

/// A need, in words. The node of a route is left out if the scenario uses only one.
fn need(need: &Need, has_nodes: bool) -> String {
    match need {
        Need::Route(route) if !has_nodes => route.transport.to_string(),
        Need::Route(route) => format!("node {} over {}", route.node, route.transport),
        Need::Capability(capability) => capability.to_string(),
        Need::Setting(name) => format!("the setting {name}"),
        Need::Driver(driver) => format!("the driver {driver}"),
        Need::Alone => "exclusive use of the broker".to_owned(),
    }
}

/// The steps of the first case, each with its line and the statements that it cites.
fn steps(steps: &[Arc<Step>], context: Context<'_>) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    let row = |step: &Step| {
        let cites = match step.clauses.as_slice() {
            [] => String::new(),
            ids => format!("  {}", context.style.faint(&ids.join(", "))),
        };
        (
            step.place.line.to_string(),
            format!("{}{cites}", step.label),
        )
    };
    for step in steps {
        rows.push(row(step));
        // The label of an outer step covers what its inner steps do, but not what they cite.
        each_step(step.action.inner(), &mut |inner| {
            if !inner.clauses.is_empty() {
                rows.push(row(inner));
            }
        });
    }
    pairs(&rows, context)
}

/// The statements that the cases cite, each once.
pub(super) fn cited(plans: &[&Plan]) -> Vec<&'static Requirement> {
    let mut found: Vec<&'static Requirement> = Vec::new();
    for plan in plans {
        for id in plan.scene.clauses() {
            let requirement = requirements::find(plan.scene.id.version, id);
            found.extend(requirement.filter(|r| !found.contains(r)));
        }
    }
    found
}

/// The rules of other standards that the cases cite, each once.
fn rules<'p>(plans: &[&'p Plan]) -> Vec<&'p str> {
    let mut found: Vec<&str> = Vec::new();
    for id in plans.iter().flat_map(|plan| plan.scene.clauses()) {
        if standard::is_rule(id) && !found.contains(&id.as_str()) {
            found.push(id);
        }
    }
    found
}
