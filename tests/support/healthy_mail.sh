#!/bin/bash
# healthy_mail.sh ENV SCRIPT SECONDS INTERVAL: mixed mail as a healthy relay has it, through the trial of ENV whose scripted
# smarthost reads SCRIPT: for twenty messages, one INTERVAL seconds after the other, fourteen go through, and of each of
# these there is one: no such user, mailbox full, greylisted, receiver too busy, too large, taken for spam, "try later".
# Five messages a round have several recipients or are bounces. Now and then a reload.
set -u
# shellcheck source=/dev/null
. "$1"
script=$2 seconds=$3 interval=$4

# Google's words.
cat >"$script" <<'END'
rcpt ^nobody 550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking the recipient's email address for typos or\n550-5.1.1 unnecessary spaces. For more information, go to\n550 5.1.1  https://support.google.com/mail/?p=NoSuchUser x-20020a05 - gsmtp
rcpt ^full 452-4.2.2 The recipient's inbox is out of storage space. Please direct the\n452-4.2.2 recipient to\n452 4.2.2  https://support.google.com/mail/?p=OverQuotaTemp x-20020a05 - gsmtp
rcpt ^left 552-5.2.2 The recipient's inbox is out of storage space and inactive.\n552 5.2.2  https://support.google.com/mail/?p=OverQuotaPerm x-20020a05 - gsmtp
rcpt first:^grey 450 4.2.0 <grey@example.net>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/
rcpt first:^busy 450-4.2.1 The user you are trying to contact is receiving mail at a rate that\n450-4.2.1 prevents additional messages from being delivered. Please resend your\n450 4.2.1  https://support.google.com/mail/?p=ReceivingRate x-20020a05 - gsmtp
rcpt first:^later 451 4.3.0 Mail server temporarily rejected message. x-20020a05 - gsmtp
end ^large 552-5.2.3 Your message exceeded Google's message size limits. Please visit\n552 5.2.3  https://support.google.com/mail/?p=MaxSizeError x-20020a05 - gsmtp
end ^spam 550-5.7.1 [127.0.0.1] Our system has detected that this message is\n550-5.7.1 likely unsolicited mail. To reduce the amount of spam sent to Gmail,\n550-5.7.1 this message has been blocked. Please visit\n550 5.7.1  https://support.google.com/mail/?p=UnsolicitedMessageError x-20020a05 - gsmtp
END

to() { smtp-source -m 1 "${@:2}" -f "app$((i % 7))@trial.example" -t "$1$i@example.net" "$RELAY_SUBMIT"; }

# one: the message of turn $i
one() {
    case $((i % 20)) in
    3) to nobody ;;
    5) to full ;;
    7) to grey ;;
    9) to busy ;;
    11) to large -l 300000 ;;
    13) to spam ;;
    15) to later ;;
    17) to left ;;
    4 | 8) to many -r 20 ;;
    10) smtp-source -m 1 -f '<>' -t "bounced$i@example.net" "$RELAY_SUBMIT" ;;
    *) to ok ;;
    esac
}

end=$((SECONDS + seconds)) i=0
while ((SECONDS < end)); do
    i=$((i + 1))
    one || echo "message $i was not taken"
    ((i % 150 == 149)) && postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1
    sleep "$interval"
done
echo "$i messages"
