package crash

// Changing is the script of the operators, to be looked at alone.
var Changing = changing
