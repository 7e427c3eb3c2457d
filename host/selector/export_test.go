package selector

const TimeHint = timeHint
