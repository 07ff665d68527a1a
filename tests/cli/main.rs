//! The whole program: arguments and files in, whole stdout, stderr and exit code out, held against snapshots.

mod bad_brokers;
mod bad_files;
mod baselines;
mod broker;
mod clauses;
mod commands;
mod explain;
mod giving_up;
mod hostile;
mod keep_alive;
mod lessened;
mod liberties;
mod login;
mod no_brokers;
mod program;
mod reach;
mod reports;
mod rounds;
mod runs;
mod served;
mod settling;
mod slow_machine;
mod snapshots;
mod targets;
mod transports;
mod versions;
