//! Explains a permitted variation of the bundled broker.

use super::{Context, clauses_list, pairs, part, prose};
use crate::requirements::{self, Requirement};
use crate::target::bundled::LibertyInfo;

pub(super) fn render(info: &LibertyInfo, context: Context<'_>) -> String {
    let style = context.style;
    let mut out = format!(
        "{} a permitted variation of the bundled broker\n",
        style.strong(info.name)
    );
    out.push_str(&prose(info.summary, context));
    let sections: Vec<(String, String)> = info
        .sections
        .iter()
        .map(|(version, number)| (format!("[{version} section {number}]"), String::new()))
        .collect();
    let open = clauses_list(cited(&info.clauses), context) + &pairs(&sections, context);
    out.push_str(&part("Left open by", &open, style));
    let against = clauses_list(cited(&info.against), context);
    out.push_str(&part(
        "Recommendations that it does not follow",
        &against,
        style,
    ));
    let how = format!(
        "mqtt-check mutants --liberty {0}\nmqtt-check run --liberty {0}",
        info.name
    );
    out.push_str(&part("See it", &prose(&how, context), style));
    out
}

fn cited(clauses: &[(String, String)]) -> impl Iterator<Item = &'static Requirement> {
    let clauses = clauses.iter();
    clauses.filter_map(|(version, id)| requirements::find_in(version, id))
}
