//! Explains a report in a broker's public issue tracker.

use super::scenario::cited;
use super::{Context, clauses_list, pairs, part, prose};
use crate::plan::Plan;

pub(super) fn render(name: &str, plans: &[&Plan], context: Context<'_>) -> String {
    let style = context.style;
    let mut out = format!("{} a bug report of a broker\n", style.strong(name));
    let rows: Vec<(String, String)> = plans
        .iter()
        .map(|plan| (plan.scene.id.to_string(), plan.scene.title.clone()))
        .collect();
    out.push_str(&part("Cases that show it", &pairs(&rows, context), style));
    out.push_str(&part(
        "Clauses",
        &clauses_list(cited(plans).into_iter(), context),
        style,
    ));
    let how = format!("mqtt-check run --no-snapshots --filter '{name}' --broker URL");
    out.push_str(&part("See it", &prose(&how, context), style));
    out
}
