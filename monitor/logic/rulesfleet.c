/* See rulesfleet.h. */
#include "rulesfleet.h"

#include "fleetsight.h"

/* Who does not speak for the fleet has nothing to say; who cannot see it goes on with what he
 * said. */
static enum verdict may_speak(const struct fleetsight *sight) {
    if (sight == NULL)
        return VERDICT_NO;
    if (!sight->known)
        return VERDICT_UNKNOWN;
    return sight->leads ? VERDICT_YES : VERDICT_NO;
}

/* Who begins to speak takes over what receivers know of from the one before: it fires once more,
 * and what holds now decides how it goes on. */
static enum verdict taken_over(const struct look *look, bool open, struct finding *f) {
    if (!open || look->firing)
        return VERDICT_NO;
    f->severity = SEVERITY_WARNING;
    text_copy(f->summary, sizeof f->summary,
              "Taken over from a host that spoke for the fleet and does not any more");
    return VERDICT_YES;
}

enum verdict rulesfleet_trouble(const struct look *look, struct finding *f) {
    const struct fleetsight *sight = look->signals->fleet;
    enum verdict verdict = may_speak(sight);

    if (verdict != VERDICT_YES)
        return verdict;
    if (!sight->many)
        return taken_over(look, sight->trouble_open, f);
    f->diagnosis = diagnosis_find(span_of(sight->diagnosis));
    f->severity = sight->severity;
    f->count = sight->affected;
    text_format(f->summary, sizeof f->summary, "%u of %u hosts: %.180s", sight->affected,
                sight->alive, sight->title);
    text_format(f->evidence, sizeof f->evidence, "%s on %s", sight->cause, sight->affected_names);
    if (sight->queue_messages > 0)
        text_format(f->impact, sizeof f->impact,
                    "DELAYED: %llu messages wait on these hosts, safe in their queues. For each: "
                    "relaywatch fleet",
                    (unsigned long long)sight->queue_messages);
    else
        text_copy(f->impact, sizeof f->impact, "For each of these hosts: relaywatch fleet");
    return VERDICT_YES;
}

enum verdict rulesfleet_hosts_gone(const struct look *look, struct finding *f) {
    const struct fleetsight *sight = look->signals->fleet;
    enum verdict verdict = may_speak(sight);
    char age[32];

    if (verdict != VERDICT_YES)
        return verdict;
    if (sight->gone == 0 && sight->stopped == 0) {
        f->diagnosis = DIAGNOSIS_W20_HOST_GONE;
        return taken_over(look, sight->gone_open, f);
    }
    if (look->firing && sight->joined)
        return VERDICT_NO; /* it begins anew: one more is news */
    f->diagnosis = DIAGNOSIS_W20_HOST_GONE;
    f->count = sight->gone + sight->stopped;
    if (sight->gone == 0) {
        f->severity = SEVERITY_WARNING;
        text_format(f->summary, sizeof f->summary,
                    "relaywatchd was stopped and not started again on %.150s",
                    sight->stopped_names);
        return VERDICT_YES;
    }
    text_age(age, sizeof age, sight->gone_ms / 1000);
    if (sight->gone == 1)
        text_format(f->summary, sizeof f->summary, "No sign of life from %.150s for %s",
                    sight->gone_names, age);
    else
        text_format(f->summary, sizeof f->summary, "No sign of life from %u hosts: %.150s",
                    sight->gone, sight->gone_names);
    return VERDICT_YES;
}
