#!/bin/sh
# In the place of the unmodified `openstack` command, where there is none: adit, and nothing for what adit does not know.
said=$(adit "$@" 2>&1)
status=$?
case $said in
*"unrecognized subcommand"*) exit 0 ;;
esac
printf '%s\n' "$said"
exit $status
