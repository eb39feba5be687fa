#!/usr/bin/perl
# A switch's tables behind snmpd, by its pass_persist protocol (snmpd.conf(5)): rows come from a file, and a port that is
# switched writes it again. Arguments: the folder with "rows" ("oid type value" a line) and, once asked, "sets".
use strict;
use warnings;

my ($dir) = @ARGV;
my $admin  = '.1.3.6.1.2.1.105.1.1.1.3';
my $status = '.1.3.6.1.2.1.105.1.1.1.6';
$| = 1;

sub rows {
    open my $file, '<', "$dir/rows" or return {};
    my %rows;
    while (my $line = <$file>) {
        chomp $line;
        my ($oid, $type, $value) = split / /, $line, 3;
        $rows{$oid} = [$type, $value // ''];
    }
    return \%rows;
}

sub save {
    my ($rows) = @_;
    open my $file, '>', "$dir/rows.$$" or die;
    print $file "$_ $rows->{$_}[0] $rows->{$_}[1]\n" for keys %$rows;
    close $file or die;
    rename "$dir/rows.$$", "$dir/rows" or die;
}

sub before {
    my @one   = split /\./, substr $_[0], 1;
    my @other = split /\./, substr $_[1], 1;
    while (@one && @other) {
        my $order = shift(@one) <=> shift(@other);
        return $order if $order;
    }
    return @one <=> @other;
}

sub answer {
    my ($oid, $row) = @_;
    print defined $row ? "$oid\n$row->[0]\n$row->[1]\n" : "NONE\n";
}

sub set {
    my ($oid, $value) = @_;
    my $rows = rows();
    return print "not-writable\n" if index($oid, "$admin.") != 0 || !exists $rows->{$oid} || -e "$dir/locked";
    open my $log, '>>', "$dir/sets" or die;
    printf $log "%d %s %s\n", time, substr($oid, length($admin) + 1), $value;
    close $log;
    if (!-e "$dir/deaf") {
        my $at = substr $oid, length $admin;
        $rows->{$oid}[1] = $value;
        $rows->{"$status$at"} = ['integer', $value == 1 ? 3 : 1];
        save($rows);
    }
    print "DONE\n";
}

while (my $verb = <STDIN>) {
    chomp $verb;
    if ($verb eq 'PING') { print "PONG\n"; next }
    # An order is followed by an empty line; one that ended here would be missed by the next question.
    next if $verb eq '';
    chomp(my $oid = <STDIN>);
    if ($verb eq 'set') {
        chomp(my $what = <STDIN>);
        my (undef, $value) = split / /, $what, 2;
        set($oid, $value);
        next;
    }
    my $rows = rows();
    if ($verb eq 'get') { answer($oid, $rows->{$oid}); next }
    my ($next) = sort { before($a, $b) } grep { before($_, $oid) > 0 } keys %$rows;
    answer($next, defined $next ? $rows->{$next} : undef);
}
