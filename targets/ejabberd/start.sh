# Starts ejabberd in the foreground, without epmd and without a port for other nodes. Arguments: the folder for its files, its
# configuration, and the expressions that it evaluates when it has started.
cd "$1" || exit

# In the part about mod_mqtt, the first line with an option counts. The settings of a scenario come before the others.
awk '/^  mod_mqtt:/ { inside = 1 } !(inside && seen[$1]++)' "$2" >ejabberd.yml || exit

# Each line has an action, a condition and a Topic Filter. A list without entries would allow everything, so each gets one that
# allows nothing.
if [ -e access ]; then
    awk -F '\t' '
        {
            for (list in lists)
                if ($1 == "all" || $1 == list)
                    entries[list, $3] = entries[list, $3] "          - " ($2 == "all" ? "allow: all" : "allow:\n              - " $2) "\n"
            filters[$3]
        }
        BEGIN { lists["publish"]; lists["subscribe"] }
        END {
            for (list in lists) {
                print "    access_" list ":\n      \"no/topic\": none"
                for (filter in filters)
                    if ((list, filter) in entries)
                        printf "      %s:\n%s", filter, entries[list, filter]
            }
        }' access >>ejabberd.yml || exit
fi

for code in /usr/lib/*/ejabberd-23.01/ebin; do
    ERL_LIBS=${code%/*/ebin}
done
export ERL_LIBS EJABBERD_CONFIG_PATH="$1/ejabberd.yml" EJABBERD_LOG_PATH="$1/ejabberd.log"
exec erl +Bd +sbwt none +sbwtdcpu none +sbwtdio none -noinput -mnesia dir "\"$1/mnesia\"" -s ejabberd \
    -eval "ok = file:eval(\"$3\")."
