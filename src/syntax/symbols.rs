//! What a rule of the grammar is called in a message.
//!
//! The match is exhaustive: a new rule asks what the user would call it.

use super::grammar::Rule;

/// How a rule appears among the things that were expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    /// Named: without it the line is not complete.
    Needed(&'static str),
    /// Named only if nothing is needed: it would have continued what is complete already.
    Possible(&'static str),
    /// Never named.
    Silent,
}

/// The user's word for a rule.
pub fn symbol(rule: Rule) -> Symbol {
    use Symbol::{Needed, Possible, Silent};
    match rule {
        Rule::EOI => Needed("a new line"),
        Rule::model | Rule::declaration => Needed("a declaration"),
        Rule::constant => Needed("`const name = value`"),
        Rule::report => Needed("`report name = expression`"),
        Rule::fit => Needed("`fit { … }`"),
        Rule::option => Needed("`option = value`"),
        Rule::choose | Rule::net_choose | Rule::each_choose => Needed("`choose name { … }`"),
        Rule::alternative | Rule::net_alternative | Rule::each_alternative => {
            Needed("an alternative `label: { … }`")
        }
        Rule::fit_block
        | Rule::choose_block
        | Rule::declaration_block
        | Rule::data_block
        | Rule::net_block
        | Rule::each_block
        | Rule::net_choose_block
        | Rule::each_choose_block
        | Rule::open_curly => Needed("`{`"),
        Rule::data => Needed("`data source`"),
        Rule::source | Rule::source_call => Needed("a source of data such as `\"file.csv\"`"),
        Rule::data_item => Needed("a line of data such as `x : real`"),
        Rule::column => Needed("a column such as `x : real`"),
        Rule::column_from => Needed("a column name in quotes, a list of them or `others`"),
        Rule::string_list => Needed("a list of texts"),
        Rule::type_name => Needed("a type such as `real` or `class(2)`"),
        Rule::type_args => Possible("`(`"),
        Rule::split => Needed("`split …`"),
        Rule::split_by | Rule::split_share => Needed("`by column` or `valid = 0.3`"),
        Rule::split_last => Possible("`last`"),
        Rule::test => Needed("`test source`"),
        Rule::missing => Needed("`missing = drop`"),
        Rule::where_rows => Needed("`where condition`"),
        Rule::take => Needed("`take number per column`"),
        Rule::net => Needed("`net name(x) { … }`"),
        Rule::names => Needed("names in brackets such as `(x)`"),
        Rule::net_item => Needed("a layer, `each`, a definition or an unknown"),
        Rule::each => Needed("`each layer { … }`"),
        Rule::each_item => Needed("an unknown or a definition"),
        Rule::layer_line | Rule::layer => Needed("a layer"),
        Rule::block_head => Silent,
        Rule::word => Possible("a size or a word"),
        Rule::statement => Needed("a declaration"),
        Rule::random => Needed("`~`"),
        Rule::define => Needed("`=`"),
        Rule::distribution => Needed("a distribution"),
        Rule::suffix | Rule::on | Rule::ordered | Rule::weighted | Rule::censored => {
            Possible("`on (a, b)` or another suffix")
        }
        Rule::censored_between => Needed("`(low, high)`"),
        Rule::args | Rule::arg => Needed("an argument"),
        Rule::expr | Rule::sum | Rule::term | Rule::unary | Rule::power | Rule::postfix | Rule::primary => {
            Needed("an expression")
        }
        Rule::index | Rule::open_square => Possible("`[`"),
        Rule::field | Rule::dot => Possible("`.`"),
        Rule::call | Rule::open_round => Possible("`(`"),
        Rule::join => Needed("`[…]`"),
        Rule::group => Needed("`(…)`"),
        Rule::WHITESPACE | Rule::name_start | Rule::name_char => Silent,
        Rule::separator => Needed("a new line"),
        Rule::name => Needed("a name"),
        Rule::number | Rule::digits => Needed("a number"),
        Rule::kernel => Needed("a kernel such as `5x5`"),
        Rule::string => Needed("a text in quotes"),
        Rule::comparison | Rule::additive | Rule::multiplicative | Rule::caret => Possible("an operator"),
        Rule::minus => Possible("`-`"),
        Rule::tilde => Needed("`~`"),
        Rule::assign => Needed("`=`"),
        Rule::comma => Needed("`,`"),
        Rule::colon => Needed("`:`"),
        Rule::close_round => Needed("`)`"),
        Rule::close_square => Needed("`]`"),
        Rule::close_curly => Possible("`}`"),
        Rule::kw_data => Needed("`data`"),
        Rule::kw_const => Needed("`const`"),
        Rule::kw_report => Needed("`report`"),
        Rule::kw_fit => Needed("`fit`"),
        Rule::kw_choose => Needed("`choose`"),
        Rule::kw_net => Needed("`net`"),
        Rule::kw_each => Needed("`each`"),
        Rule::kw_from => Possible("`from`"),
        Rule::kw_others => Needed("`others`"),
        Rule::kw_split => Needed("`split`"),
        Rule::kw_by => Needed("`by`"),
        Rule::kw_last => Possible("`last`"),
        Rule::kw_test => Needed("`test`"),
        Rule::kw_missing => Needed("`missing`"),
        Rule::kw_where => Needed("`where`"),
        Rule::kw_take => Needed("`take`"),
        Rule::kw_per => Needed("`per`"),
        Rule::kw_on | Rule::kw_ordered | Rule::kw_weighted | Rule::kw_censored => {
            Possible("`on (a, b)` or another suffix")
        }
    }
}
