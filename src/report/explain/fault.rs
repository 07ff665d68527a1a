//! Explains a fault of the bundled broker.

use super::{Context, clauses_list, part, prose, rules_list};
use crate::coverage::{DOCUMENTS, judging};
use crate::mutation;
use crate::requirements::{self, Requirement};
use crate::target::bundled::FaultInfo;

pub(super) fn render(info: &FaultInfo, context: Context<'_>) -> String {
    let style = context.style;
    let mut out = format!(
        "{} a fault of the bundled broker\n",
        style.strong(info.name)
    );
    out.push_str(&prose(info.summary, context));
    if !info.threads.is_empty() {
        let seen = prose(&info.threads.join("\n"), context);
        out.push_str(&part("Seen in", &seen, style));
    }
    let broken: Vec<&Requirement> = DOCUMENTS
        .into_iter()
        .flat_map(|version| {
            crate::coverage::ids_of(info, version)
                .filter_map(move |id| requirements::find(version, id))
        })
        .collect();
    out.push_str(&part(
        "Breaks",
        &clauses_list(broken.iter().copied(), context),
        style,
    ));
    let rules = info.rules();
    out.push_str(&part(
        "Breaks, of other standards",
        &rules_list(rules.iter().copied(), context),
        style,
    ));
    let all = judging(context.plans);
    let of_rules = DOCUMENTS
        .iter()
        .flat_map(|version| rules.iter().map(move |rule| (*version, *rule)));
    let mut citing: Vec<String> = broken
        .iter()
        .map(|r| (r.version, r.id))
        .chain(of_rules)
        .filter_map(|(version, id)| all.get(&(version, id.to_owned())))
        .flatten()
        .map(ToString::to_string)
        .collect();
    citing.sort();
    citing.dedup();
    let cases = match citing.as_slice() {
        [] => String::new(),
        ids if ids.len() <= 12 => prose(&ids.join("\n"), context),
        ids => prose(
            &format!("{}\nand {} more", ids[..10].join("\n"), ids.len() - 10),
            context,
        ),
    };
    out.push_str(&part("Cases that cite these clauses", &cases, style));
    let how = match mutation::hindrance(info) {
        Some(why) => format!("no case can exercise it: {why}"),
        None => format!(
            "mqtt-check mutants --fault {0}\nmqtt-check run --no-snapshots --fault {0}",
            info.name
        ),
    };
    out.push_str(&part("See it", &prose(&how, context), style));
    out
}
